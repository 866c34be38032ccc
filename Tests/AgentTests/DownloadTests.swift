import Agent
import AgentSupport
import Model
import Testing
import Trust
import Wire

/// An image on its way over a bad network, from a bad server, to a bad medium.
@Suite struct DownloadTests {
    private func world() throws -> World { try World(wanting: Firmware("acme-gateway 2.0")) }

    @Test(arguments: [false, true])
    func resumesBehindWhatIsDurable(silently: Bool) throws {
        let world = try world()
        world.server.breaksAfter = [30_000, 12_000]
        world.server.breaksSilently = silently
        world.settle()
        #expect(world.isProven)
        // A break makes durable what is there.
        #expect(world.server.transfers == [0, 30_000, 42_000])
        #expect(world.observer.notices.contains(.resumed(atByte: 30_000)))
    }

    @Test func resumesAfterACutBehindWhatWasSynced() throws {
        let world = try world()
        world.run { $0.storedPhase?.word == "downloading" }
        // Three pieces of 4096 bytes make the first durable step; the sixth is lost.
        let call = world.machine.power.calls.count
        world.machine.power.cuts = [call + 3 + 5 + 2]
        world.settle()
        #expect(world.machine.power.calls[call + 10] == "cut before: write b")
        #expect(world.isProven)
        #expect(world.server.transfers == [0, 12_288])
    }

    /// Slots of compressed images cannot read again what they took, and go on nevertheless.
    @Test func keepsTheDigestOfWhatSlotsCannotReadAgain() throws {
        let world = try world()
        world.machine.slots.taken = 0
        world.server.breaksAfter = [30_000, 12_000]
        world.settle()
        #expect(world.isProven)
        #expect(world.server.transfers == [0, 30_000, 42_000])
    }

    @Test func afterACutSuchSlotsBeginAnew() throws {
        let world = try world()
        world.machine.slots.taken = 0
        world.run { $0.storedPhase?.word == "downloading" }
        let call = world.machine.power.calls.count
        world.machine.power.cuts = [call + 3 + 5 + 2]
        world.settle()
        #expect(world.isProven)
        #expect(world.server.transfers == [0, 0])
    }

    /// Another agent process than the one whose slots went on: it has no digest of that.
    @Test func slotsThatGoOnWithoutTheAgentAreBegunAgain() throws {
        let world = try world()
        world.machine.slots.taken = 0
        world.server.breaksAfter = [30_000]
        world.run { $0.server.transfers.count == 1 && $0.storedPhase?.word == "downloading" }
        let taken = world.machine.slots.taken
        world.reboot()
        world.machine.slots.taken = taken
        world.settle()
        #expect(world.isProven)
        #expect(world.server.transfers.last == 0)
    }

    @Test func asksTheServerBeforeItTriesAgain() throws {
        let world = try world()
        world.server.breaksAfter = [30_000]
        world.run { $0.server.transfers.count == 1 }
        world.server.order = { $0.phase.nonce.map { .cancel($0) } }
        world.server.breaksAfter = [1]
        world.run { $0.storedPhase == .idle }
        #expect(world.server.transfers.count == 1 || world.server.transfers.count == 2)
        #expect(world.machine.trial == nil)
    }

    @Test func startsAnewWithAServerThatIgnoresRanges() throws {
        let world = try world()
        world.server.breaksAfter = [30_000]
        world.server.images = .withoutRanges
        world.settle()
        #expect(world.isProven)
        #expect(world.server.transfers == [0, 30_000, 0])
    }

    /// A server that cannot even begin at the beginning must not be asked in a tight loop.
    @Test func pausesWhenTheServerDoesNotBeginAtAll() throws {
        let world = try world()
        world.server.images = .neverBegins
        world.server.lease = .seconds(100)
        world.run { $0.server.transfers.count == 4 }
        // The last pause comes after the fourth try.
        #expect(world.pauses.map(\.components.seconds) == [1, 2, 4, 8])
        world.server.images = .whole
        world.settle()
        #expect(world.isProven)
    }

    @Test func startsAnewOnceWhenThePartFromBeforeWasWrong() throws {
        let world = try world()
        world.server.breaksAfter = [30_000]
        world.server.spoil = { $0 == 0 ? $1.map { $0 ^ 1 } : $1 }
        world.settle()
        #expect(world.isProven)
        #expect(world.server.transfers == [0, 30_000, 0])
    }

    /// P1: the bytes that arrive are the ones that were signed, or they never boot.
    @Test(arguments: [true, false])
    func swappedBytesAreRefusedAndNeverArmed(afterABreak: Bool) throws {
        let world = try world()
        if afterABreak { world.server.breaksAfter = [30_000] }
        world.server.spoil = {
            var bytes = $1
            bytes[49_999] ^= 1
            return bytes
        }
        world.settle()
        #expect(world.failure?.kind == .refused)
        #expect(world.failure?.detail.contains("tampered") == true)
        #expect(world.distrust.count == 1)
        #expect(world.server.transfers == (afterABreak ? [0, 30_000, 0] : [0]))
        #expect(!world.machine.power.calls.contains("arm b"))
        #expect(world.machine.boots == 1)
        #expect(world.machine.slots.contents[try slot("b")] == nil)
    }

    @Test func moreBytesThanWereSignedAreRefused() throws {
        let world = try world()
        world.server.images = .endless
        world.settle()
        #expect(world.failure?.kind == .refused)
        #expect(world.failure?.detail.contains("endless-data") == true)
        #expect(!world.machine.power.calls.contains("arm b"))
    }

    /// Complaint 14: what is not there is not asked for for ever.
    @Test(arguments: [FakeServer.ImageConduct.absent, .status(403), .status(410)])
    func whatIsRefusedForGoodEndsTheTry(conduct: FakeServer.ImageConduct) throws {
        let world = try world()
        world.server.images = conduct
        world.settle()
        #expect(world.failure?.kind == .download)
        #expect(world.server.transfers == [0])
    }

    @Test(arguments: [408, 429, 500, 503])
    func whatMayComeLaterIsTriedAgain(status: Int) throws {
        let world = try world()
        world.server.images = .status(status)
        world.run { $0.server.transfers.count == 3 }
        world.server.images = .whole
        world.settle()
        #expect(world.isProven)
    }

    @Test func givesUpWhenTheOfferEnds() throws {
        let world = try world()
        world.run { $0.storedPhase?.word == "downloading" }
        world.server.isReachable = false
        world.run { $0.storedPhase?.word == "failed" }
        #expect(world.machine.now >= at(1_003_600))
        world.server.isReachable = true
        world.settle()
        #expect(world.failure?.kind == .download)
    }

    @Test func givesUpOnMetadataWhenTheOfferEnds() throws {
        let world = try world()
        world.run { $0.storedPhase?.word == "offered" }
        world.server.isReachable = false
        world.run { $0.storedPhase?.word == "failed" }
        world.server.isReachable = true
        world.settle()
        #expect(world.failure?.kind == .download)
        #expect(world.server.transfers.isEmpty)
    }

    // MARK: The medium

    @Test func aFullSlotEndsTheTry() throws {
        let world = try world()
        world.machine.slots.capacityBytes = 50_000
        world.settle()
        #expect(world.failure == Failure(.install, "no space is left for slot b"))
        #expect(world.server.transfers.isEmpty)
    }

    @Test func aMediumThatKeepsOtherBytesEndsTheTry() throws {
        let world = try world()
        world.machine.slots.wear = {
            var bytes = $0
            bytes[0] ^= 0x80
            return bytes
        }
        world.settle()
        #expect(
            world.failure
                == Failure(.install, "slot b is malformed: it does not read back as written"))
        #expect(!world.machine.power.calls.contains("arm b"))
    }

    /// A failed fsync may have lost anything that was written before; the try is over.
    @Test(arguments: [[], [5_000]])
    func aMediumThatCannotSyncEndsTheTry(breaksAfter: [Int]) throws {
        let world = try world()
        world.machine.slots.isSyncBroken = true
        world.server.breaksAfter = breaksAfter
        world.settle()
        #expect(world.failure == Failure(.install, "cannot sync slot b: I/O error"))
        #expect(world.server.transfers == [0])
    }

    @Test func nobodyBootsASlotThatIsHalfWritten() throws {
        let world = try world()
        // A trial that was armed before the state was lost.
        world.machine.slots.install(try Firmware("acme-gateway 2.0"), in: try slot("b"))
        world.machine.setBootloader(confirmed: try slot("a"), trial: (try slot("b"), 1))
        world.run { $0.storedPhase?.word == "downloading" }
        let call = world.machine.power.calls.count
        world.machine.power.cuts = [call + 8]
        world.run { $0.machine.boots == 2 }
        #expect(world.machine.booted.text == "a")
        #expect(world.violations == [])
    }

    @Test func whatIsBeingOverwrittenIsNoLongerKnown() throws {
        let world = try world()
        world.machine.slots.install(try Firmware("acme-gateway 0.5"), in: try slot("b"))
        world.server.breaksAfter = [8192]
        world.run { $0.server.transfers.count == 1 }
        #expect(world.machine.slots.contents[try slot("b")] == nil)
    }
}

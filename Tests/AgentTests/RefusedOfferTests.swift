import Agent
import AgentSupport
import Model
import Testing
import Trust
import Wire

/// P1: what a server offers and the offline keys did not sign for this device is refused.
@Suite struct RefusedOfferTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let reason: String
        let attack: @Sendable (World) throws -> SignedMessage<Offer>
    }

    static let cases: [Case] = [
        Case(
            testDescription: "an image that is not in the targets",
            reason: "no signed targets metadata lists it",
            attack: { _ in try sign(offer(Firmware("acme-gateway 6.6.6")), by: key(5)) }),
        Case(
            testDescription: "another digest under a signed path",
            reason: "an attempt to install a foreign image",
            attack: { _ in try altered(digest: Firmware("x 1").digest) }),
        Case(
            testDescription: "another length under a signed path",
            reason: "an attempt to install a foreign image",
            attack: { _ in try altered(length: 50_000) }),
        Case(
            testDescription: "another release than the signed one", reason: "the offer says",
            attack: { _ in
                try sign(
                    offer(Firmware("acme-gateway 2.0"), release: release("acme-gateway 9.0")),
                    by: key(5))
            }),
        Case(
            testDescription: "an image for other hardware", reason: "it is made for gw-9",
            attack: { try publish(Firmware("acme-gateway 2.2", hardware: ["gw-9"]), $0) }),
        Case(
            testDescription: "a downgrade",
            reason: "0.9 (release counter 1) comes before 1.0 (release counter 1)",
            attack: { try publish(Firmware("acme-gateway 0.9"), $0) }),
        Case(
            testDescription: "an image that must not follow this one", reason: "can follow only",
            attack: { try publish(Firmware("acme-gateway 2.3", from: ["1.5"]), $0) }),
        Case(
            testDescription: "an offer that has ended", reason: "the offer ended at",
            attack: { _ in
                try sign(offer(Firmware("acme-gateway 2.0"), expires: beginning), by: key(5))
            }),
        Case(
            testDescription: "an offer for another device", reason: "the offer is for device-2",
            attack: { _ in
                try sign(offer(Firmware("acme-gateway 2.0"), device: "device-2"), by: key(5))
            }),
        Case(
            testDescription: "an offer by a foreign key", reason: "not signed by the offer key",
            attack: { _ in try sign(offer(Firmware("acme-gateway 2.0")), by: key(66)) }),
        Case(
            testDescription: "an offer by the targets key", reason: "not signed by the offer key",
            attack: { _ in try sign(offer(Firmware("acme-gateway 2.0")), by: key(4)) }),
    ]

    /// An offer of the published image that says something else of its bytes.
    private static func altered(
        digest: Digest? = nil, length: Int64? = nil
    ) throws -> SignedMessage<Offer> {
        let firmware = try Firmware("acme-gateway 2.0")
        let good = firmware.signed.image
        let image = try #require(
            ImageReference(
                path: good.path, sha256: digest ?? good.sha256, length: length ?? good.length))
        return try sign(offer(firmware, image: image), by: key(5))
    }

    private static func publish(
        _ firmware: Firmware, _ world: World
    ) throws -> SignedMessage<Offer> {
        try world.server.repository.publish(firmware)
        return try sign(offer(firmware), by: key(5))
    }

    @Test(arguments: cases)
    func isRefusedAndReported(refused: Case) throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        let signed = try refused.attack(world)
        world.server.order = { $0.phase == .idle ? .offer(signed) : nil }
        world.run { $0.server.checkIns.contains { $0.phase.word == "failed" } }
        let report = try #require(world.server.checkIns.last?.phase)
        guard case .failed(let nonce, let failure) = report else {
            Issue.record("it reported \(report)")
            return
        }
        #expect(nonce.text == "n1")
        #expect(failure.kind == .refused)
        #expect(failure.detail.contains(refused.reason), "\(failure.detail)")
        #expect(world.server.transfers.isEmpty)
        #expect(world.machine.power.calls.allSatisfy { !$0.contains(" b") })
    }

    @Test func expiredMetadataIsRefused() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"), metadataEnds: at(999_999))
        world.settle()
        #expect(world.failure?.kind == .refused)
        #expect(world.failure?.detail.contains("expired") == true)
        #expect(world.server.transfers.isEmpty)
    }

    @Test func aSignedDowngradeIsTaken() throws {
        let world = try World(wanting: Firmware("acme-gateway 0.9", counter: 2))
        world.settle()
        #expect(world.isProven)
    }

    /// A detour over another product leads no further back either.
    @Test func whatWasOnceConfirmedStaysTheFloor() throws {
        let other = try Firmware("acme-camera 1.0")
        let old = try Firmware("acme-gateway 1.5")
        let world = try World(wanting: Firmware("acme-gateway 2.0"), others: [other, old])
        world.settle()
        for (goal, isTaken) in [(other, true), (old, false)] {
            let count = world.server.checkIns.count
            world.server.goal = goal
            world.server.offersLeft = 1
            world.run {
                $0.server.checkIns.dropFirst(count).contains {
                    ["proven", "failed"].contains($0.phase.word)
                }
            }
            #expect(world.isProven == isTaken)
        }
        #expect(
            world.failure?.detail.contains(
                "1.5 (release counter 1) comes before 2.0 (release counter 1)") == true)
    }

    /// The clock of a device without a battery begins in 1970 again after each cut.
    @Test func timeDoesNotGoBackBehindWhatWasTrusted() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.settle()
        world.machine.now = at(0)
        world.reboot()
        let late = try sign(
            offer(Firmware("acme-gateway 2.0"), nonce: "n9", expires: beginning), by: key(5))
        world.server.order = { $0.phase == .idle ? .offer(late) : nil }
        world.run { $0.server.checkIns.last?.phase.word == "failed" }
        guard case .failed(_, let failure)? = world.server.checkIns.last?.phase else { return }
        #expect(failure.detail.contains("the offer ended"))
    }

    @Test func nothingIsTakenWhileTheOtherSlotIsTheOneToGoBackTo() throws {
        let world = try World(wanting: Firmware("acme-gateway 3.0"))
        world.machine.slots.install(try Firmware("acme-gateway 3.0"), in: try slot("b"))
        // Somebody at the device tries slot b: slot a is the only one that is known to work.
        world.machine.setBootloader(confirmed: try slot("a"), trial: (try slot("b"), 1))
        world.reboot()
        let other = try Firmware("acme-gateway 4.0")
        try world.server.repository.publish(other)
        world.server.goal = other
        world.run { $0.failure != nil }
        #expect(world.failure?.kind == .install)
        #expect(world.server.transfers.isEmpty)
        #expect(!world.machine.power.calls.contains("begin a at 0"))
    }

    @Test func aHalfDoneDownloadNeverGoesOnInTheSlotThatRuns() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.server.breaksAfter = [30_000]
        world.run { $0.storedPhase?.word == "downloading" && $0.server.transfers.count == 1 }
        let copy = try Firmware("acme-gateway 1.0")
        world.machine.slots.install(copy, in: try slot("b"))
        world.machine.setBootloader(confirmed: try slot("b"), trial: nil)
        world.reboot()
        world.run { $0.failure != nil }
        #expect(world.failure?.kind == .install)
        #expect(world.machine.image(in: try slot("b"))?.digest == copy.digest)
    }
}

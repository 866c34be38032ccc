import Agent
import AgentSupport
import Model
import Testing
import Trust
import Wire

/// A device whose own files cannot be written or read.
@Suite struct DeviceTroubleTests {
    /// Complaint 22: a full disk must not lose anything, and the device must recover.
    @Test func aFullDiskAtAnySaveIsToldAndOvercome() throws {
        let good = try World(wanting: Firmware("acme-gateway 2.0"))
        good.settle()
        #expect(good.machine.store.saves > 15)
        for full in 0..<good.machine.store.saves {
            let world = try World(wanting: Firmware("acme-gateway 2.0"))
            world.machine.store.isFull = { $0 == full }
            world.settle()
            #expect(world.errors.count == 1, "save \(full)")
            #expect(world.isProven, "save \(full)")
            #expect(world.machine.power.calls.count { $0 == "arm b" } == 1, "save \(full)")
        }
    }

    /// Decide, store, act: while nothing can be stored, nothing is done.
    @Test func nothingIsDoneForADecisionThatCouldNotBeStored() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.run { $0.storedPhase?.word == "installed" }
        world.machine.store.isFull = { _ in true }
        for _ in 0..<20 { world.step() }
        #expect(world.machine.boots == 1)
        #expect(!world.machine.power.calls.contains("arm b"))
        #expect(world.storedPhase?.word == "installed")
        world.machine.store.isFull = { _ in false }
        world.settle()
        #expect(world.isProven)
    }

    @Test func sequencesRiseAcrossRestartsAlsoRightAfterReserving() throws {
        let world = try World(wanting: nil)
        for round in 0..<10 {
            // Cut before the check-in that follows the reservation, every other time.
            if round.isMultiple(of: 2) {
                world.machine.power.cuts.insert(world.machine.power.calls.count + 2)
            }
            world.reboot()
            let count = world.server.checkIns.count
            world.run { $0.server.checkIns.count == count + 3 }
        }
        #expect(world.violations == [])
        let sequences = world.server.checkIns.map(\.sequence)
        #expect(zip(sequences, sequences.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func sequencesRiseThoughTheirReservationFailed() throws {
        let world = try World(wanting: nil)
        world.machine.store.isFull = { $0 < 3 }
        world.run { $0.server.checkIns.count == 2 }
        #expect(world.errors.count == 3)
        world.reboot()
        world.run { $0.server.checkIns.count == 4 }
        #expect(world.violations == [])
    }

    @Test func aHundredCheckInsWriteTwice() throws {
        let world = try World(wanting: nil)
        world.run { $0.server.checkIns.count == 100 }
        // The reservation, and that the server answered.
        #expect(world.machine.store.saves == 2)
        world.run { $0.server.checkIns.count == 101 }
        #expect(world.machine.store.saves == 3)
    }

    /// A device that cannot tell what it runs says so, rather than falling silent.
    @Test(arguments: [true, false])
    func aSlotThatCannotBeReadIsReportedAsUnknown(isShort: Bool) throws {
        let world = try World(wanting: nil)
        let bytes = try Firmware("acme-gateway 1.0").bytes
        world.machine.slots.overwrite(
            try slot("a"), with: isShort ? Array(bytes.dropLast()) : bytes.map { ~$0 })
        world.run { $0.server.checkIns.count == 1 }
        let report = try #require(world.server.checkIns.first).boot
        #expect(report.sha256 == nil)
        #expect(report.release == nil)
        #expect(world.distrust.count == (isShort ? 1 : 0))
    }

    @Test func aDeviceWithoutARootSaysSo() throws {
        let world = try World(wanting: nil)
        try world.machine.store.saveMetadata("root.json", nil)
        world.step()
        #expect(world.errors == [.noRoot])
    }

    @Test func anInterruptedRefreshLosesNothing() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.run { $0.storedPhase?.word == "offered" }
        // Cut before the targets are fetched: what was trusted until then is kept.
        let call = world.machine.power.calls.count
        world.machine.power.cuts = [call + 5]
        world.settle()
        #expect(world.machine.power.calls[call + 5] == "cut before: metadata 2.targets.json")
        #expect(world.machine.power.calls.count { $0 == "metadata 2.snapshot.json" } == 1)
        #expect(world.isProven)
    }
}

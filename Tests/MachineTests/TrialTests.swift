import Foundation
import Model
import Testing
import Wire

extension MachineTests {
    /// Updates that are not to be kept: the machine returns by itself, and the server knows why.
    @Suite struct TrialTests {
        static var machines: [Firmware] { isComplete ? Firmware.allCases : [.grub] }

        struct Case {
            let version: SlotImages.Version
            let kind: FailureClass
            let detail: String
        }

        static let cases = [
            Case(version: .panics, kind: .boot, detail: "did not come up"),
            Case(version: .hangs, kind: .boot, detail: "did not come up"),
            Case(version: .unhealthy, kind: .health, detail: "sensors of 5.0.0 do not answer"),
        ]

        /// One machine takes them all, one after another, as one on a mast would have to.
        @Test(arguments: machines)
        func returnsFromABadImageByItself(firmware: Firmware) throws {
            let bench = try Bench(firmware)
            let machine = try bench.start(bench.disk)
            var next = try machine.boot().next
            try bench.server.waitForDevice()
            for bad in Self.cases {
                let began = machine.secondsSinceStart
                next = try returns(from: bad, machine, bench, next)
                tell(
                    "\(firmware.rawValue): back from \(bad.version) after"
                        + " \(machine.secondsSinceStart - began) s")
            }
            try refusesAForgedImage(machine, bench)
            try refusesAnOlderImage(machine, bench)
            machine.stop()
            #expect(!machine.console.all.contains { $0.contains("the agent failed") })

            let disk = try RebuiltDisk(bench.disk, images: bench.knownImages(.factory))
            let decision = bench.oracle.decision(on: disk)
            #expect(decision.slot == 0 && !decision.isTrial, "\(decision)")
            #expect(disk.image(in: 0) == SlotImages.Version.factory.rawValue)
        }

        /// - Returns: The number of the console's line after the return.
        private func returns(
            from bad: Case, _ machine: Machine, _ bench: Bench, _ start: Int
        ) throws -> Int {
            let version = bad.version.rawValue
            try bench.server.rollOut(version)
            let trial = try machine.boot(from: start, within: .seconds(240))
            #expect(trial.boot == Machine.Boot(slot: "b", version: version))
            let back = try machine.boot(from: trial.next, within: .seconds(240))
            #expect(back.boot == Machine.Boot(slot: "a", version: "1.0.0"))
            try expectFailure(of: version, bad.kind, bad.detail, bench)
            return back.next
        }

        /// Somebody with access to the server's disk puts other bytes under a signed name.
        private func refusesAForgedImage(_ machine: Machine, _ bench: Bench) throws {
            try bench.server.publish(bench.images.file(.good), as: "6.0.0")
            let image = try bench.server.publishedFile(of: "6.0.0")
            let file = try FileHandle(forWritingTo: image)
            try file.seek(toOffset: 4_000_000)
            try file.write(contentsOf: Data("owned".utf8))
            try file.close()
            let boots = machine.boots
            try bench.server.rollOut("6.0.0")
            try expectFailure(of: "6.0.0", .refused, "tampered image", bench)
            #expect(machine.boots == boots, "a forged image led to a boot")
        }

        /// The server believes that devices may go down to an old release, but nobody signed that.
        private func refusesAnOlderImage(_ machine: Machine, _ bench: Bench) throws {
            try bench.server.publish(bench.images.file(.good), as: "0.9.0")
            let boots = machine.boots
            try bench.server.sql(
                "UPDATE images SET downgrade = 1 WHERE release_version = '0.9.0'")
            try bench.server.rollOut("0.9.0")
            try expectFailure(of: "0.9.0", .refused, "rollback attack", bench)
            #expect(machine.boots == boots, "an older image led to a boot")
        }

        private func expectFailure(
            of version: String, _ kind: FailureClass, _ detail: String, _ bench: Bench
        ) throws {
            try bench.server.wait(for: "a failure", of: version) { $0.failed == 1 }
            let device = try bench.server.deviceSummary()
            #expect(device.lastFailure?.kind == kind)
            #expect(device.lastFailure?.detail.contains(detail) == true, "\(device)")
            #expect(device.boot.slot.text == "a")
            #expect(device.boot.isConfirmed)
            #expect(device.boot.release?.version.text == "1.0.0")
            try bench.server.abort(version)
        }
    }
}

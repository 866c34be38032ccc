import Foundation
import Model
import Testing
import Wire

extension MachineTests {
    /// Every power cut that a whole update can suffer.
    @Suite struct PowerCutTests {
        /// How many random cuts the machine is really started from.
        static var realBoots: Int { isComplete ? 4 : 1 }

        @Test(arguments: Firmware.allCases)
        func everyPowerCutLeavesAWholeImageToBoot(firmware: Firmware) throws {
            let bench = try Bench(firmware)
            let fresh = bench.workshop.file("fresh")
            try FileManager.default.copyItem(at: bench.disk, to: fresh)
            let recording = try record(bench)
            let log = try WriteLog(reading: recording.log)

            try lookAtEveryCut(of: log, fresh, bench)
            var random = SplitMix64(seed: seed)
            for _ in 0..<Self.realBoots {
                try bootAfterCut(of: log, fresh, bench, books: recording.books, &random)
            }
        }

        /// A good update from the factory's image on, with every write on record.
        private func record(_ bench: Bench) throws -> (log: URL, books: URL) {
            let log = bench.workshop.file("log")
            let books = bench.workshop.file("books")
            let version = SlotImages.Version.good.rawValue
            let machine = try bench.start(bench.disk, log: log)
            let boot = try machine.boot()
            #expect(boot.boot == Machine.Boot(slot: "a", version: "1.0.0"))
            tell("\(bench.firmware.rawValue): first boot \(machine.secondsSinceStart) s")
            try bench.server.waitForDevice()
            try bench.server.rollOut(version)
            try bench.server.wait(for: "an offer", of: version) { $0.offered == 1 }
            // From here on the server may be taken back to this moment: the offer is in its books.
            try bench.server.keepBooks(in: books)
            try bench.server.wait(for: "a proof", of: version) { $0.proven == 1 }
            tell("\(bench.firmware.rawValue): proven after \(machine.secondsSinceStart) s")

            let device = try bench.server.deviceSummary()
            #expect(device.boot.slot.text == "b")
            #expect(device.boot.isConfirmed)
            #expect(device.boot.release?.version.text == version)
            machine.stop()
            #expect(
                machine.boots == [
                    .init(slot: "a", version: "1.0.0"), .init(slot: "b", version: version),
                ])
            #expect(!machine.console.all.contains { $0.contains("the agent failed") })
            return (log, books)
        }

        private func lookAtEveryCut(of log: WriteLog, _ fresh: URL, _ bench: Bench) throws {
            let disk = try RebuiltDisk(fresh, images: bench.knownImages(.factory, .good))
            var cuts = PowerCuts(
                log, on: disk, oracle: bench.oracle,
                provenFrom: try PowerCuts.proof(in: log, layout: disk.layout),
                newImage: SlotImages.Version.good.rawValue, seed: seed)
            let time = seconds { cuts.lookAtAll() }

            for violation in cuts.violations.prefix(10) { Issue.record("\(violation)") }
            #expect(cuts.violations.isEmpty, "\(cuts.violations.count) states, seed \(seed)")
            // The update went through each of its steps while it was looked at.
            #expect(cuts.story.contains { $0.contains("on trial, 2.0.0") })
            #expect(cuts.story.last?.hasSuffix("boots b, 2.0.0") == true)
            #expect(disk.image(in: 0) == "1.0.0")
            #expect(disk.image(in: 1) == "2.0.0")

            let flushes = log.entries.count { $0.isFlush }
            tell("\(bench.firmware.rawValue): \(log.entries.count) entries, \(flushes) flushes")
            for line in cuts.story { tell("  \(line)") }
            tell(
                "\(bench.firmware.rawValue): \(cuts.counts.all) states in \(time), seed \(seed):"
                    + " \(cuts.counts)")
        }

        /// The machine comes up from a cut at random, and the update ends well.
        private func bootAfterCut(
            of log: WriteLog, _ fresh: URL, _ bench: Bench, books: URL, _ random: inout SplitMix64
        ) throws {
            let cut = RandomCut(of: log, using: &random)
            tell("\(bench.firmware.rawValue): \(cut), seed \(seed)")
            try cut.rebuild(log, from: fresh, at: bench.disk)
            let disk = try RebuiltDisk(bench.disk, images: bench.knownImages(.factory, .good))
            let decision = bench.oracle.decision(on: disk)
            let expected = Machine.Boot(
                slot: BootDecision.names[decision.slot],
                version: disk.image(in: decision.slot) ?? "nothing")

            try bench.server.goBack(to: books)
            let machine = try bench.start(bench.disk)
            let boot = try machine.boot()
            #expect(boot.boot == expected, "\(cut): \(decision), seed \(seed)")
            let version = SlotImages.Version.good.rawValue
            try bench.server.wait(for: "a proof after \(cut)", of: version) { $0.proven == 1 }
            tell(
                "\(bench.firmware.rawValue): booted \(boot.boot), proven after"
                    + " \(machine.secondsSinceStart) s")
            machine.stop()
        }
    }
}

import Foundation
import Model
import Testing
import Wire

extension MachineTests {
    /// Every power cut that a whole update can suffer.
    @Suite struct PowerCutTests {
        /// How many random cuts the machine is really started from.
        static let realBoots: Int = {
            let given = ProcessInfo.processInfo.environment["SLIPWAY_MACHINE_BOOTS"]
            return given.flatMap { Int($0) } ?? (isComplete ? 3 : 1)
        }()

        @Test(arguments: Firmware.allCases)
        func everyPowerCutLeavesAWholeImageToBoot(firmware: Firmware) throws {
            let bench = try Bench(firmware)
            let fresh = bench.workshop.file("fresh")
            try FileManager.default.copyItem(at: bench.disk, to: fresh)
            let recording = try record(bench)
            let log = try WriteLog(reading: recording.log)

            let story = try lookAtEveryCut(of: log, fresh, bench)
            var random = SplitMix64(seed: seed)
            let layout = try DiskLayout(reading: fresh)
            let times = try times(of: log, story, layout: layout).shuffled(using: &random)
            for number in 0..<Self.realBoots {
                let time = times[number % times.count]
                let cut = RandomCut(of: log, within: time, using: &random)
                try boot(after: cut, of: log, fresh, bench, books: recording.books)
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

        private func lookAtEveryCut(
            of log: WriteLog, _ fresh: URL, _ bench: Bench
        ) throws -> [PowerCuts.Change] {
            let disk = try RebuiltDisk(fresh, images: bench.knownImages(.factory, .good))
            var cuts = PowerCuts(
                log, on: disk, oracle: bench.oracle,
                provenFrom: try PowerCuts.proof(in: log, layout: disk.layout),
                newImage: SlotImages.Version.good.rawValue, seed: seed)
            let time = seconds { cuts.lookAtAll() }

            for violation in cuts.violations.prefix(10) { Issue.record("\(violation)") }
            #expect(cuts.violations.isEmpty, "\(cuts.violations.count) states, seed \(seed)")
            // The update went through each of its steps while it was looked at.
            #expect(cuts.story.contains { $0.decision.isTrial && $0.image == "2.0.0" })
            #expect(cuts.story.last?.decision.slot == 1)
            #expect(disk.image(in: 0) == "1.0.0")
            #expect(disk.image(in: 1) == "2.0.0")

            let flushes = log.entries.count { $0.isFlush }
            tell("\(bench.firmware.rawValue): \(log.entries.count) entries, \(flushes) flushes")
            for line in cuts.story { tell("  \(line)") }
            tell(
                "\(bench.firmware.rawValue): \(cuts.counts.all) states in \(time), seed \(seed):"
                    + " \(cuts.counts)")
            return cuts.story
        }

        /// From the offer on until the trial was armed, from there to the confirmation, and after it.
        ///
        /// Not before the offer: it is in the books that the server is taken back to, and a device
        /// that lost its key in a cut before it was enrolled is another one to such a server.
        private func times(
            of log: WriteLog, _ story: [PowerCuts.Change], layout: DiskLayout
        ) throws -> [Range<Int>] {
            let offered = log.first(containing: #""state":"offered""#, in: layout.data)
            let armed = story.first { $0.decision.isTrial }?.entry
            guard let offered, let armed, let confirmed = story.last?.entry,
                offered < armed, armed < confirmed
            else { throw MachineError("not the story of an update: \(story)") }
            return [offered..<armed, armed..<confirmed, confirmed..<log.entries.count]
        }

        /// The machine comes up after a cut, and the update ends well.
        private func boot(
            after cut: RandomCut, of log: WriteLog, _ fresh: URL, _ bench: Bench, books: URL
        ) throws {
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
            try endWell(after: cut, decision, bench)
            tell(
                "\(bench.firmware.rawValue): \(decision), booted \(boot.boot), proven after"
                    + " \(machine.secondsSinceStart) s")
            machine.stop()
            #expect(machine.boots.last == Machine.Boot(slot: "b", version: "2.0.0"))
        }

        /// A new image that was cut off before it wrote anything cannot be told from one that does
        /// not come up: that may end as a failure, and then once more is enough.
        private func endWell(
            after cut: RandomCut, _ decision: BootDecision, _ bench: Bench
        ) throws {
            let version = SlotImages.Version.good.rawValue
            var hasFailed = false
            try bench.server.wait(for: "an end after \(cut)", of: version) {
                hasFailed = $0.failed == 1
                return hasFailed || $0.proven == 1
            }
            guard hasFailed else { return }
            let device = try bench.server.deviceSummary()
            #expect(decision.isSpent, "\(device), seed \(seed)")
            try bench.server.slipway("rollout", "retry", UpdateServer.rollout(of: version))
            try bench.server.wait(for: "a proof after a retry", of: version) { $0.proven == 1 }
        }
    }
}

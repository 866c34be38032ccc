import Agent
import AgentSupport
import Foundation
import Model
import SimulatedDisk
import Slots
import TestSupport
import Testing

/// The power fails at every call of an installation, into every layout that writes through the disk.
@Suite struct SlotCutTests {
    enum Layout: String, CaseIterable, CustomTestStringConvertible {
        case raw, zstd, xz, spooledZstd, directories

        var testDescription: String { rawValue }

        func slots(on disk: CrashingDisk) throws -> any SlotSet {
            switch self {
            case .raw, .zstd, .xz: try rawSlots(spool: nil, on: disk)
            case .spooledZstd: try rawSlots(spool: "/state/spool", on: disk)
            case .directories:
                DirectorySlots(folder: "/app", recordFolder: "/state/slots", on: disk)
            }
        }

        private func rawSlots(spool: String?, on disk: CrashingDisk) throws -> RawSlots {
            RawSlots(
                [try slot("a"): "/slots/a.img", try slot("b"): "/slots/b.img"],
                recordFolder: "/state/slots", options: RawSlots.Options(spoolFolder: spool),
                on: disk)
        }

        /// An image, and what it becomes where that is known beforehand.
        func update(seed: Int) throws -> (image: [UInt8], payload: Payload) {
            let bytes = SlotsTests.image(2500, seed: seed)
            switch self {
            case .raw: return (bytes, Payload(.raw, of: bytes))
            case .zstd, .spooledZstd:
                return (try filtered(bytes, by: "zstd", "-c"), Payload(.zstd, of: bytes))
            case .xz: return (try filtered(bytes, by: "xz", "-c"), Payload(.xz, of: bytes))
            case .directories:
                let archive = Tar().directory("bin").file("bin/run", "run \(seed)")
                    .link("now", to: "bin").archive
                return (archive, Payload(.tar, of: archive))
            }
        }

        /// Everything that belongs to the slot that runs.
        func isOfBooted(_ path: String) -> Bool {
            ["/slots/a.img", "/app/versions/a", "/app/current", "/state/slots/a.content"]
                .contains { path == $0 || path.hasPrefix("\($0)/") }
        }
    }

    /// An installation as the agent does it, up to the record.
    private func install(
        _ update: (image: [UInt8], payload: Payload), _ version: Int, _ layout: Layout,
        in name: String = "b", on disk: CrashingDisk
    ) throws {
        let slots = try layout.slots(on: disk)
        let payload = try slots.install(update.image, update.payload, in: slot(name), pieces: 900)
        try #require(try slots.holds(payload, in: slot(name)))
        try slots.setContent(
            SlotContent(
                release: try #require(ReleaseID("acme \(version)")), sha256: sha256(update.image),
                payload: payload), of: slot(name))
    }

    /// Both slots hold a version with its record, and a is the one that runs.
    private func factory(_ layout: Layout) throws -> CrashingDisk {
        let disk = CrashingDisk()
        for path in ["/slots", "/state", "/app"] { disk.put("\(path)/kept", "") }
        try install(layout.update(seed: 3), 1, layout, in: "a", on: disk)
        try install(layout.update(seed: 5), 2, layout, in: "b", on: disk)
        disk.put("/app/current", linkTo: "versions/a")
        return disk.settled
    }

    private func held(_ disk: CrashingDisk, _ layout: Layout) -> [String: String] {
        disk.live.names.filter { layout.isOfBooted($0.key) }.reduce(into: [:]) { result, name in
            result[name.key] = disk.live.bytes(name.key).map { "\($0)" } ?? "\(name.value)"
        }
    }

    @Test(arguments: Layout.allCases)
    func aRecordNeverNamesWhatTheMediumDoesNotHold(layout: Layout) throws {
        let disk = try factory(layout)
        let update = try layout.update(seed: 7)
        let booted = held(disk, layout)
        #expect(!booted.isEmpty)
        var states = 0
        var recorded: Set<Int> = []
        try disk.forEachCut(of: { try install(update, 3, layout, on: $0) }) { state in
            states += 1
            #expect(held(state.disk, layout) == booted, "after \(state.call ?? "the end")")
            let slots = try layout.slots(on: state.disk)
            guard let content = try slots.content(of: slot("b")) else {
                return #expect(!state.isComplete)
            }
            #expect(
                try slots.holds(content.payload, in: slot("b")), "after \(state.call ?? "the end")")
            let version = try #require(Int(content.release.version.text))
            recorded.insert(version)
            if state.isComplete { #expect(version == 3) }
        }
        #expect(states > 30)
        // The record of before, and the new one, have both been seen; no other was.
        #expect(recorded == [2, 3])
    }

    /// And again in the installation that follows the first cut.
    @Test(arguments: Layout.allCases)
    func whateverTheCutsLeaveTheNextInstallationSucceeds(layout: Layout) throws {
        let disk = try factory(layout)
        let update = try layout.update(seed: 7)
        let booted = held(disk, layout)
        var count = 0
        var second = 0
        try disk.forEachCut(of: { try install(update, 3, layout, on: $0) }) { state in
            count += 1
            guard count % 9 == 0 else { return }
            second += 1
            let again = state.disk.copy()
            again.cut = second * 5 % 40
            do { try install(update, 3, layout, on: again) } catch { if again.isOn { throw error } }
            let states = again.states(seed: UInt64(second))
            let left = states[second % states.count]
            try install(update, 3, layout, on: left)
            let slots = try layout.slots(on: left)
            let content = try #require(try slots.content(of: slot("b")))
            #expect(try slots.holds(content.payload, in: slot("b")))
            #expect(held(left, layout) == booted)
        }
        #expect(second > 3)
    }
}

extension CrashingDisk {
    /// The same with everything durable that was done.
    fileprivate var settled: CrashingDisk { CrashingDisk(live) }
}

import Agent
import Foundation
import Model
import Slots
import Testing

/// Raw slots on real block devices, and what the kernel remembers of them.
@Suite(.serialized) struct BlockDeviceTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func slots(_ path: String) throws -> RawSlots {
        RawSlots(
            [try slot("a"): "\(folder.path)/a", try slot("b"): path],
            recordFolder: "\(folder.path)/slots")
    }

    /// How many bytes of it are in the kernel's memory.
    private func rememberedByteCount(_ path: String) throws -> Int {
        let answer = try run(
            "/usr/bin/env", "fincore", "--bytes", "--noheadings", "--output", "RES", path)
        try #require(answer.status == 0)
        return try #require(Int(answer.output.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    @Test func aDeviceTakesAnImageAndForgetsNothingElse() throws {
        guard let device = try LoopDevice(byteCount: 16_777_216) else { return }
        let slots = try slots(device.path)
        let bytes = image(12_000_000)
        let payload = Payload(.raw, of: bytes)
        try slots.install(bytes, payload, in: slot("b"), pieces: 65_536)
        #expect(try slots.held(in: slot("b"), payload) == bytes)
        #expect(!folder.has("b.content") && folder.has("a") == false)
    }

    @Test func anImageLargerThanTheDeviceIsRefusedBeforeTheFirstByte() throws {
        guard let device = try LoopDevice(byteCount: 1_048_576) else { return }
        let bytes = image(1_048_577)
        let slots = try slots(device.path)
        #expect(
            throws: SlotError.failed(
                operation: "put 1048577 bytes in", path: device.path,
                reason: "the device has only 1048576")
        ) {
            try slots.begin(slot("b"), Payload(.raw, of: bytes), length: 1_048_577, at: 0) { _ in }
        }
        // What counts is what the slot then holds.
        #expect(throws: SlotError.self) {
            try slots.begin(slot("b"), Payload(.zstd, of: bytes), length: 10, at: 0) { _ in }
        }
    }

    @Test func aDeviceThatMayOnlyBeReadIsAnError() throws {
        guard let device = try LoopDevice(byteCount: 1_048_576, readOnly: true) else { return }
        let bytes = image(1000)
        #expect(throws: SlotError.self) {
            try slots(device.path).install(bytes, Payload(.raw, of: bytes), in: slot("b"))
        }
    }

    @Test func aMountedDeviceIsRefused() throws {
        guard let device = try LoopDevice(byteCount: 1_048_576) else { return }
        #expect(try run("/usr/bin/env", "mke2fs", "-q", device.path).status == 0)
        let point = "\(folder.path)/mounted"
        try FileManager.default.createDirectory(
            atPath: point, withIntermediateDirectories: true)
        let mounted = try run("/usr/bin/env", "mount", device.path, point)
        guard mounted.status == 0 else {
            return withKnownIssue("a mounted device is not tried here: \(mounted.error)") {
                Issue.record("nothing can be mounted")
            }
        }
        defer { _ = try? run("/usr/bin/env", "umount", point) }
        let slots = try slots(device.path)
        #expect(
            throws: SlotError.failed(
                operation: "write to", path: device.path, reason: "it is mounted at \(point)")
        ) { try slots.begin(slot("b"), Payload(.raw, of: [1]), length: 1, at: 0) { _ in } }
    }

    @Test func nobodyMayMountADeviceThatIsBeingWritten() throws {
        guard let device = try LoopDevice(byteCount: 1_048_576) else { return }
        #expect(try run("/usr/bin/env", "mke2fs", "-q", device.path).status == 0)
        let slots = try slots(device.path)
        _ = try slots.begin(slot("b"), Payload(.raw, of: [1]), length: 1, at: 0) { _ in }
        #expect(throws: SlotError.self) {
            let others = try self.slots(device.path)
            _ = try others.begin(slot("b"), Payload(.raw, of: [1]), length: 1, at: 0) { _ in }
        }
        slots.end()
        let others = try self.slots(device.path)
        _ = try others.begin(slot("b"), Payload(.raw, of: [1]), length: 1, at: 0) { _ in }
    }

    @Test func aDeviceThatIsNotThereIsNotMade() throws {
        let path = "/dev/slipway-\(UUID())"
        #expect(throws: SlotError.missing(path: path)) {
            try slots(path).begin(slot("b"), Payload(.raw, of: [1]), length: 1, at: 0) { _ in }
        }
    }

    /// Read back from the medium means: nothing of it was in the kernel's memory before.
    @Test func afterTheInstallationTheKernelRemembersNothingOfAFile() throws {
        let path = "\(folder.path)/b"
        let slots = try slots(path)
        let bytes = image(20_000_000)
        let payload = Payload(.raw, of: bytes)
        _ = try slots.begin(slot("b"), payload, length: 20_000_000, at: 0) { _ in }
        var most = 0
        for start in stride(from: 0, to: bytes.count, by: 1_000_000) {
            try slots.write(Array(bytes[start...].prefix(1_000_000)))
            most = max(most, try rememberedByteCount(path))
        }
        // Two windows on their way, one being filled.
        #expect(most > 0 && most <= 3 * 2_097_152 + 1_000_000)
        try slots.sync()
        #expect(try rememberedByteCount(path) == 0)
        slots.end()
        // Somebody has looked at it meanwhile.
        _ = try run("/usr/bin/env", "cat", path)
        #expect(try rememberedByteCount(path) > 4_000_000)
        var before: Int?
        try slots.read(slot("b"), length: 10) { _ in before = try? rememberedByteCount(path) }
        // What the kernel reads ahead, and not the twenty million bytes that it had.
        #expect(try #require(before) < 4_000_000)
        #expect(try slots.holds(payload, in: slot("b")))
        #expect(try rememberedByteCount(path) == 0)
    }

    /// How many bytes were read from the device itself since it was made.
    private func readByteCount(_ device: LoopDevice) throws -> Int {
        let name = URL(filePath: device.path).lastPathComponent
        let text = try String(contentsOfFile: "/sys/block/\(name)/stat", encoding: .utf8)
        // The third number counts sectors of 512 bytes (Documentation/block/stat.rst).
        return try #require(Int(text.split(separator: " ")[2])) * 512
    }

    @Test func everyReadOfADeviceComesFromTheDevice() throws {
        guard let device = try LoopDevice(byteCount: 33_554_432) else { return }
        let slots = try slots(device.path)
        let bytes = image(20_000_000)
        let payload = Payload(.raw, of: bytes)
        try slots.install(bytes, payload, in: slot("b"), pieces: 1_000_000)
        for _ in 0..<2 {
            let before = try readByteCount(device)
            #expect(try slots.holds(payload, in: slot("b")))
            #expect(try readByteCount(device) - before >= 20_000_000)
        }
    }
}

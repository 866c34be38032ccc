import Agent
import Foundation
import Model
import Slots
import TestSupport
import Testing

/// Media that are worn out, full or lying.
@Suite struct FaultyMediumTests {
    private let folder: TemporaryFolder
    private let b: SlotName
    static let bytes = image(100_000)

    init() throws {
        folder = try TemporaryFolder()
        b = try slot("b")
    }

    private func slots(_ fault: FaultyDisk.Fault) throws -> RawSlots {
        RawSlots(
            [try slot("a"): "\(folder.path)/a", b: "\(folder.path)/b"],
            recordFolder: "\(folder.path)/slots",
            on: FaultyDisk(fault, at: "\(folder.path)/b"))
    }

    @Test func aMediumThatLiesIsNotBelieved() throws {
        let slots = try slots(.lies(at: 70_000))
        let payload = Payload(.raw, of: Self.bytes)
        try slots.install(Self.bytes, payload, in: b)
        #expect(try !slots.holds(payload, in: b))
    }

    @Test func aSlotThatMayOnlyBeReadIsAnErrorBeforeTheFirstByte() throws {
        #expect(
            throws: SlotError.failed(
                operation: "open", path: "\(folder.path)/b", reason: "Read-only file system")
        ) {
            try slots(.isReadOnly).begin(
                b, Payload(.raw, of: Self.bytes), length: 100_000, at: 0
            ) { _ in }
        }
    }

    @Test(arguments: [Payload.Format.raw, .zstd])
    func aMediumThatFillsUpIsAnErrorOfTheWrite(format: Payload.Format) throws {
        let image = format == .raw ? Self.bytes : try filtered(Self.bytes, by: "zstd", "-c")
        #expect(throws: SlotError.full(path: "\(folder.path)/b")) {
            try slots(.fillsUp(after: 50_000)).install(
                image, Payload(format, of: Self.bytes), in: b)
        }
    }

    /// Pages that the medium did not take count as clean afterwards: a second sync would be a lie.
    @Test func aDecompressorDoesNotGoOnOverALostWrite() throws {
        let image = try filtered(Self.bytes, by: "zstd", "-c")
        let payload = Payload(.zstd, of: Self.bytes)
        let slots = try slots(.losesWrites)
        let length = Int64(image.count)
        _ = try slots.begin(b, payload, length: length, at: 0) { _ in }
        try slots.write(Array(image[..<500]))
        #expect(throws: SlotError.self) { try slots.sync() }
        slots.end()
        #expect(try slots.begin(b, payload, length: length, at: 500) { _ in } == 0)
    }
}

import Agent
import Foundation
import Model
import Slots
import TestSupport
import Testing

/// Images that are decompressed on their way into a raw slot.
@Suite struct CompressedImageTests {
    private let folder: TemporaryFolder
    private let b: SlotName
    static let installed = image(600_000)

    init() throws {
        folder = try TemporaryFolder()
        b = try slot("b")
    }

    private func slots(spool: Bool = false) throws -> RawSlots {
        RawSlots(
            [try slot("a"): "\(folder.path)/a.img", b: "\(folder.path)/b.img"],
            recordFolder: "\(folder.path)/slots",
            options: RawSlots.Options(spoolFolder: spool ? "\(folder.path)/spool" : nil))
    }

    private static func compressed(_ format: Payload.Format) throws -> [UInt8] {
        try filtered(installed, by: format == .zstd ? "zstd" : "xz", "-c")
    }

    @Test(arguments: [Payload.Format.zstd, .xz])
    func theSlotHoldsWhatTheImageStandsFor(format: Payload.Format) throws {
        let slots = try slots()
        let payload = Payload(format, of: Self.installed)
        try slots.install(Self.compressed(format), payload, in: b)
        #expect(try slots.held(in: b, payload) == Self.installed)
    }

    @Test func slotsTakeTheFormatsOfRawImages() throws {
        let slots = try slots()
        #expect(Payload.Format.allCases.filter { slots.takes($0) } == [.raw, .zstd, .xz])
    }

    @Test(arguments: [Payload.Format.zstd, .xz])
    func aBrokenConnectionLosesNothing(format: Payload.Format) throws {
        let slots = try slots()
        let image = try Self.compressed(format)
        let payload = Payload(format, of: Self.installed)
        let half = image.count / 2
        #expect(try slots.begin(b, payload, length: Int64(image.count), at: 0) { _ in } == 0)
        try slots.write(Array(image[..<half]))
        try slots.sync()
        slots.end()
        var handedOn = 0
        let kept = try slots.begin(b, payload, length: Int64(image.count), at: Int64(half)) {
            handedOn += $0.count
        }
        #expect(kept == Int64(half) && handedOn == 0)
        try slots.write(Array(image[half...]))
        try slots.sync()
        try slots.finish { _ in }
        slots.end()
        #expect(try slots.held(in: b, payload) == Self.installed)
    }

    @Test func goingOnElsewhereBeginsAnew() throws {
        let slots = try slots()
        let image = try Self.compressed(.zstd)
        let payload = Payload(.zstd, of: Self.installed)
        func began(_ payload: Payload, at offset: Int) throws -> Int64 {
            try slots.begin(b, payload, length: Int64(image.count), at: Int64(offset)) { _ in }
        }
        _ = try began(payload, at: 0)
        try slots.write(Array(image[..<500]))
        slots.end()
        #expect(try began(payload, at: 499) == 0)
        try slots.write(Array(image[..<500]))
        slots.end()
        #expect(try began(Payload(.xz, of: Self.installed), at: 500) == 0)
        slots.end()
        // Another process knows nothing of it.
        #expect(
            try self.slots().begin(b, payload, length: Int64(image.count), at: 500) { _ in } == 0)
    }

    @Test(arguments: [Payload.Format.zstd, .xz])
    func withASpoolARestartLosesNothing(format: Payload.Format) throws {
        let image = try Self.compressed(format)
        let payload = Payload(format, of: Self.installed)
        let half = image.count / 2
        let before = try slots(spool: true)
        _ = try before.begin(b, payload, length: Int64(image.count), at: 0) { _ in }
        try before.write(Array(image[..<half]))
        try before.sync()

        let after = try slots(spool: true)
        var kept: [UInt8] = []
        let began = try after.begin(b, payload, length: Int64(image.count), at: Int64(half)) {
            kept += $0
        }
        #expect(began == Int64(half))
        #expect(kept == Array(image[..<half]))
        try after.write(Array(image[half...]))
        try after.sync()
        try after.finish { _ in }
        after.end()
        #expect(try after.held(in: b, payload) == Self.installed)
        #expect(folder.has("spool/b.image"))
        try after.setContent(
            SlotContent(
                release: try #require(ReleaseID("acme 1")), sha256: sha256(image), payload: payload),
            of: b)
        #expect(!folder.has("spool/b.image"))
    }

    @Test func aSpoolThatWasDamagedIsFetchedAnew() throws {
        let image = try Self.compressed(.zstd)
        let payload = Payload(.zstd, of: Self.installed)
        let before = try slots(spool: true)
        _ = try before.begin(b, payload, length: Int64(image.count), at: 0) { _ in }
        try before.write(Array(image[..<1000]))
        try before.sync()
        try Data([UInt8](repeating: 7, count: image.count))
            .write(to: URL(filePath: "\(folder.path)/spool/b.image"))
        let after = try slots(spool: true)
        let length = Int64(image.count)
        #expect(try after.begin(b, payload, length: length, at: 1000) { _ in } == 0)
        try after.write(image)
        try after.finish { _ in }
        #expect(try after.held(in: b, payload) == Self.installed)
    }

    @Test(arguments: [Payload.Format.zstd, .xz])
    func aBombEndsAtTheSignedLength(format: Payload.Format) throws {
        let image = try Self.compressed(format)
        let payload = Payload(format, of: Array(Self.installed[..<10_000]))
        #expect(
            throws: SlotError.failed(
                operation: "decompress the image for", path: "\(folder.path)/b.img",
                reason: "the compressed image becomes more than 10000 bytes")
        ) { try slots().install(image, payload, in: b) }
        #expect(try DurableFile.read("\(folder.path)/b.img")?.count == 10_000)
    }

    @Test(arguments: [Payload.Format.zstd, .xz])
    func anImageThatBecomesTooLittleIsAnError(format: Payload.Format) throws {
        let image = try Self.compressed(format)
        let payload = Payload(format, of: Self.installed + [1])
        #expect(
            throws: SlotError.malformed(
                path: "\(folder.path)/b.img",
                problem: "the image became 600000 bytes and not 600001")
        ) { try slots().install(image, payload, in: b) }
    }

    @Test(arguments: [Payload.Format.zstd, .xz])
    func garbageIsAnError(format: Payload.Format) throws {
        let payload = Payload(format, of: Self.installed)
        #expect(throws: SlotError.self) {
            try slots().install([UInt8](repeating: 7, count: 5000), payload, in: b)
        }
        let image = try Self.compressed(format)
        #expect(throws: SlotError.self) {
            try slots().install(image + [1, 2, 3], payload, in: b)
        }
        #expect(throws: SlotError.self) {
            try slots().install(Array(image.dropLast()), payload, in: b)
        }
    }
}

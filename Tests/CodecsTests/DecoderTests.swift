import Codecs
import Foundation
import Model
import TestSupport
import Testing

@Suite struct DecoderTests {
    /// What the programs `zstd` and `xz` make of `image`, and of nothing.
    static let image = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) }

    enum Program: String, CaseIterable, CustomTestStringConvertible {
        case zstd, xz

        var format: Payload.Format { self == .zstd ? .zstd : .xz }
        var testDescription: String { rawValue }
    }

    private func compressed(
        _ bytes: [UInt8], _ program: Program, _ options: String...
    ) throws -> [UInt8] {
        try filtered(bytes, by: [program.rawValue, "-c"] + options)
    }

    /// Decodes `bytes` in pieces of `size`.
    private func decoded(
        _ bytes: [UInt8], _ program: Program, by size: Int = 1000, limit: Int = image.count,
        windowBytes: Int = DecoderLimits.standardWindowBytes
    ) throws -> [UInt8] {
        let decoder = try #require(
            try program.format.decoder(
                limits: DecoderLimits(outputBytes: Int64(limit), windowBytes: windowBytes)))
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            try decoder.decode(Array(bytes[start...].prefix(size))) { piece in
                result += piece
                return true
            }
        }
        try decoder.finish { piece in
            result += piece
            return true
        }
        #expect(decoder.decodedByteCount == Int64(result.count))
        return result
    }

    @Test(arguments: Program.allCases, [1, 1000, 1_000_000])
    func undoesWhatTheProgramDid(program: Program, size: Int) throws {
        let bytes = try compressed(Self.image, program)
        #expect(try decoded(bytes, program, by: size) == Self.image)
    }

    @Test(arguments: Program.allCases)
    func severalStreamsBehindEachOtherAreOne(program: Program) throws {
        let half = Self.image.count / 2
        let bytes =
            try compressed(Array(Self.image[..<half]), program)
            + compressed(Array(Self.image[half...]), program)
        #expect(try decoded(bytes, program) == Self.image)
    }

    @Test(arguments: Program.allCases)
    func anythingButAllOfItIsAnError(program: Program) throws {
        let bytes = try compressed(Array(Self.image[..<5000]), program)
        for count in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: CodecError.truncated) { try decoded(Array(bytes[..<count]), program) }
        }
    }

    @Test(arguments: Program.allCases)
    func whateverStandsBehindItIsAnError(program: Program) throws {
        let bytes = try compressed(Self.image, program)
        for garbage in [[1], Array("garbage at the end".utf8), [UInt8](repeating: 0, count: 5)] {
            #expect(throws: CodecError.self) { try decoded(bytes + garbage, program) }
        }
    }

    @Test(arguments: Program.allCases)
    func aBombEndsWithTheFirstByteTooMany(program: Program) throws {
        let bomb = try compressed([UInt8](repeating: 0, count: 50_000_000), program)
        var most = 0
        let decoder = try #require(
            try program.format.decoder(limits: DecoderLimits(outputBytes: 1_000_000)))
        #expect(throws: CodecError.tooLong(limitBytes: 1_000_000)) {
            try decoder.decode(bomb) { piece in
                most += piece.count
                return true
            }
        }
        #expect(most <= 1_000_000)
    }

    @Test(arguments: Program.allCases)
    func exactlyAsManyBytesAsAllowedAreFine(program: Program) throws {
        let bytes = try compressed(Self.image, program)
        #expect(try decoded(bytes, program, limit: Self.image.count) == Self.image)
        #expect(throws: CodecError.tooLong(limitBytes: Int64(Self.image.count - 1))) {
            try decoded(bytes, program, limit: Self.image.count - 1)
        }
    }

    @Test func aWindowLargerThanAllowedIsRefused() throws {
        let zeros = [UInt8](repeating: 0, count: 9_000_000)
        let zstd = try compressed(zeros, .zstd, "--long=27", "--no-content-size")
        let xz = try compressed(zeros, .xz, "-9")
        #expect(throws: CodecError.needsMoreMemory(limitBytes: 33_554_432)) {
            try decoded(zstd, .zstd, limit: zeros.count)
        }
        #expect(throws: CodecError.needsMoreMemory(limitBytes: 33_554_432)) {
            try decoded(xz, .xz, limit: zeros.count)
        }
        #expect(
            try decoded(xz, .xz, limit: zeros.count, windowBytes: 67_108_864).count == zeros.count)
    }

    @Test(arguments: Program.allCases)
    func aDamagedByteIsNoticedOrChangesTheBytes(program: Program) throws {
        let bytes = try compressed(Array(Self.image[..<20_000]), program)
        var noticed = 0
        for place in stride(from: 0, to: bytes.count, by: 13) {
            var damaged = bytes
            damaged[place] ^= 0x10
            do {
                #expect(try decoded(damaged, program) != Self.image)
            } catch is CodecError { noticed += 1 }
        }
        #expect(noticed > 0)
    }

    @Test(arguments: Program.allCases)
    func stopsWhereTheReceiverDoes(program: Program) throws {
        let bytes = try compressed(Self.image, program)
        let decoder = try #require(
            try program.format.decoder(limits: DecoderLimits(outputBytes: 1_000_000)))
        var pieces = 0
        try decoder.decode(bytes) { _ in
            pieces += 1
            return false
        }
        #expect(pieces == 1)
    }

    @Test func otherFormatsNeedNoDecoder() throws {
        let limits = DecoderLimits(outputBytes: 1)
        for format in [Payload.Format.raw, .tar, .installer] {
            #expect(try format.decoder(limits: limits) == nil)
        }
    }
}

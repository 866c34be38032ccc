/// Compressed bodies, made by hand: the smallest writer of RFC 1950 to 1952 that a test needs.
enum Compression: CaseIterable, Sendable {
    case gzip, deflate

    /// What `Content-Encoding` calls it.
    var name: String { self == .gzip ? "gzip" : "deflate" }

    /// `bytes`, packed but not made smaller.
    func packing(_ bytes: [UInt8]) -> [UInt8] {
        let length = UInt16(bytes.count)
        let stored = [1] + Self.little(length) + Self.little(~length) + bytes
        switch self {
        case .gzip:
            return Self.gzipHead + stored + Self.little(Self.crc32(bytes))
                + Self.little(UInt32(bytes.count))
        case .deflate: return Self.zlibHead + stored + Self.adler32(bytes)
        }
    }

    /// Zero bytes, 160 for each that is sent.
    ///
    /// One block of fixed codes: a zero, then "258 bytes from one byte back", which takes 13 bits;
    /// 8 of these are 13 bytes.
    func bomb(packedByteCount: Int) -> [UInt8] {
        var bits = BitWriter()
        bits.write(0b011, count: 3)
        bits.write(0b0000_1100, count: 8)
        while bits.bytes.count < packedByteCount {
            bits.write(0b1010_0011, count: 8)
            bits.write(0, count: 5)
        }
        return (self == .gzip ? Self.gzipHead : Self.zlibHead) + bits.bytes
    }

    private static let gzipHead: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
    private static let zlibHead: [UInt8] = [0x78, 0x01]

    private static func little(_ number: some FixedWidthInteger) -> [UInt8] {
        (0..<number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in
                sum & 1 == 1 ? sum >> 1 ^ 0xedb8_8320 : sum >> 1
            }
        }
    }

    private static func adler32(_ bytes: [UInt8]) -> [UInt8] {
        let sums = bytes.reduce((UInt32(1), UInt32(0))) { sums, byte in
            let first = (sums.0 + UInt32(byte)) % 65_521
            return (first, (sums.1 + first) % 65_521)
        }
        return little(sums.1 << 16 | sums.0).reversed()
    }

    private struct BitWriter {
        private(set) var bytes: [UInt8] = []
        private var pending: UInt32 = 0
        private var count: UInt32 = 0

        /// Writes the lowest bit first.
        mutating func write(_ bits: UInt32, count more: UInt32) {
            pending |= bits << count
            count += more
            while count >= 8 {
                bytes.append(UInt8(truncatingIfNeeded: pending))
                pending >>= 8
                count -= 8
            }
        }
    }
}

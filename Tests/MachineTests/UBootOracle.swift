/// U-Boot with `packaging/uboot/boot.cmd`, and its environment in two copies before the first
/// partition: a CRC-32, a counter of one byte, and `name=value` strings that end with zeros.
struct UBootOracle: BootOracle {
    static let copies = [0x80000..<0x84000, 0x90000..<0x94000]

    func decision(on disk: RebuiltDisk) -> BootDecision {
        let copies = Self.copies.map { Copy(disk.bytes($0)) }
        guard let values = Self.valid(copies[0], copies[1]) else {
            return .withoutEnvironment
        }
        return BootDecision(
            good: values["slipway_good"] == "b" ? 1 : 0, trial: values["slipway_try"],
            tries: values["slipway_tries"])
    }

    /// One copy; `values` is `nil` when its CRC-32 is not that of its bytes.
    private struct Copy {
        let counter: UInt8
        let values: [String: String]?

        init(_ bytes: [UInt8]) {
            counter = bytes[4]
            let stored = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[$1]) << (8 * UInt32($1)) }
            let content = bytes[5...]
            guard stored == CRC32.of(content) else {
                values = nil
                return
            }
            var values: [String: String] = [:]
            for line in content.split(separator: 0, omittingEmptySubsequences: false) {
                // An empty string ends the list.
                if line.isEmpty { break }
                let parts = line.split(separator: UInt8(ascii: "="), maxSplits: 1)
                values[String(decoding: parts[0], as: UTF8.self)] =
                    parts.count == 2 ? String(decoding: parts[1], as: UTF8.self) : ""
            }
            self.values = values
        }
    }

    /// The newer of the copies that are whole; the counter begins again at 0 after 255.
    private static func valid(_ first: Copy, _ second: Copy) -> [String: String]? {
        guard let one = first.values else { return second.values }
        guard let two = second.values else { return one }
        switch (first.counter, second.counter) {
        case (255, 0): return two
        case (0, 255): return one
        case (let left, let right): return right > left ? two : one
        }
    }
}

/// The checksum of zlib and Ethernet.
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in
            value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1
        }
    }

    static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { $0 >> 8 ^ table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] }
    }
}

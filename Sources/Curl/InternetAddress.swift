/// An address of the internet protocol, as its 4 or 16 bytes.
struct InternetAddress: Hashable {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether the address is of the public internet, by IANA's registries of special-purpose
    /// addresses; anything that is not known to be is not.
    var isPublic: Bool {
        switch bytes.count {
        case 4: !Self.special4.contains { bytes.begins(with: $0) }
        case 16:
            // Only 2000::/3 is given out, and parts of it carry other addresses inside.
            bytes.begins(with: Prefix([0x20], 3))
                && !Self.special6.contains { bytes.begins(with: $0) }
        default: false
        }
    }

    /// The first bits of addresses.
    fileprivate struct Prefix {
        let bytes: [UInt8]
        let bitCount: Int

        init(_ bytes: [UInt8], _ bitCount: Int) {
            self.bytes = bytes
            self.bitCount = bitCount
        }
    }

    private static let special4 = [
        Prefix([0], 8), Prefix([10], 8), Prefix([100, 64], 10), Prefix([127], 8),
        Prefix([169, 254], 16), Prefix([172, 16], 12), Prefix([192, 0, 0], 24),
        Prefix([192, 0, 2], 24), Prefix([192, 88, 99], 24), Prefix([192, 168], 16),
        Prefix([198, 18], 15), Prefix([198, 51, 100], 24), Prefix([203, 0, 113], 24),
        // Multicast, what is reserved, and broadcast.
        Prefix([224], 3),
    ]

    private static let special6 = [
        // Protocol assignments with Teredo, documentation, and 6to4.
        Prefix([0x20, 0x01, 0x00], 23), Prefix([0x20, 0x01, 0x0d, 0xb8], 32),
        Prefix([0x20, 0x02], 16), Prefix([0x3f, 0xff, 0x00], 20),
    ]
}

extension [UInt8] {
    fileprivate func begins(with prefix: InternetAddress.Prefix) -> Bool {
        for (index, byte) in prefix.bytes.enumerated() {
            let bits = Swift.min(8, prefix.bitCount - 8 * index)
            guard bits > 0 else { break }
            let mask = UInt8(truncatingIfNeeded: 0xff00 >> bits)
            guard self[index] & mask == byte & mask else { return false }
        }
        return true
    }
}

/// An address of the Internet Protocol; one of version 4 is kept as IPv6 maps it.
public struct NetworkAddress: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    /// What stands before the 32 bits of version 4 (RFC 4291 section 2.5.5.2).
    private static let mappedPrefix: UInt64 = 0xffff << 32

    /// Reads what people and programs write: no port, no brackets, no zone.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 45 else { return nil }
        if !text.utf8.contains(UInt8(ascii: ":")) {
            guard let number = Self.version4(text) else { return nil }
            high = 0
            low = Self.mappedPrefix | UInt64(number)
            return
        }
        guard let groups = Self.groups(of: text) else { return nil }
        high = groups[..<4].reduce(0) { $0 << 16 | UInt64($1) }
        low = groups[4...].reduce(0) { $0 << 16 | UInt64($1) }
    }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    var isVersion4: Bool { high == 0 && low >> 32 == 0xffff }

    /// Whom limits count together: one address of version 4, and 2⁶⁴ of version 6, which is what one
    /// customer is given.
    var site: NetworkAddress { isVersion4 ? self : NetworkAddress(high: high, low: 0) }

    /// The first `count` bits, the others cleared.
    func prefix(_ count: Int) -> NetworkAddress {
        NetworkAddress(
            high: count >= 64 ? high : high & ~(UInt64.max >> UInt64(count)),
            low: count <= 64 ? 0 : count >= 128 ? low : low & ~(UInt64.max >> UInt64(count - 64)))
    }

    /// Four decimal numbers; leading zeros are refused, because some read them as octal.
    private static func version4(_ text: some StringProtocol) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var number: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy(isDigit),
                part.utf8.count == 1 || part.utf8.first != UInt8(ascii: "0"),
                let byte = UInt8(part)
            else { return nil }
            number = number << 8 | UInt32(byte)
        }
        return number
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// The eight groups of version 6 (RFC 4291 section 2.2).
    private static func groups(of text: some StringProtocol) -> [UInt16]? {
        guard let gap = text.firstRange(of: "::") else {
            guard let all = run(text[...], isLast: true), all.count == 8 else { return nil }
            return all
        }
        guard let before = run(text[..<gap.lowerBound], isLast: false),
            let after = run(text[gap.upperBound...], isLast: true),
            before.count + after.count < 8
        else { return nil }
        return before + Array(repeating: 0, count: 8 - before.count - after.count) + after
    }

    /// Groups between colons, of which the last of all may be an address of version 4; none for no
    /// text.
    private static func run(_ text: some StringProtocol, isLast: Bool) -> [UInt16]? {
        if text.isEmpty { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 8 else { return nil }
        for (index, part) in parts.enumerated() {
            if isLast, index == parts.count - 1, part.utf8.contains(UInt8(ascii: ".")) {
                guard let number = version4(part) else { return nil }
                groups += [UInt16(number >> 16), UInt16(truncatingIfNeeded: number)]
            } else {
                guard (1...4).contains(part.utf8.count), part.first?.isHexDigit == true,
                    let group = UInt16(part, radix: 16)
                else { return nil }
                groups.append(group)
            }
        }
        return groups
    }
}

/// Addresses with the same first bits, such as `10.0.0.0/8` or `2001:db8::/32`.
public struct NetworkRange: Hashable, Sendable {
    private let address: NetworkAddress
    private let bits: Int

    /// An address by itself is the range of it alone.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(
            separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = NetworkAddress(parts[0]) else { return nil }
        let most = address.isVersion4 ? 32 : 128
        var length = most
        if parts.count == 2 {
            guard let number = UInt8(parts[1]), number <= most, parts[1].first?.isNumber == true
            else { return nil }
            length = Int(number)
        }
        bits = length + 128 - most
        self.address = address.prefix(bits)
        // Bits behind the length are a mistake that would be hard to see.
        guard self.address == address else { return nil }
    }

    func contains(_ other: NetworkAddress) -> Bool { other.prefix(bits) == address }
}

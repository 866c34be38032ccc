/// A version with an order: one to four numbers, then optionally `-prerelease` and `+build`.
///
/// The order is that of Semantic Versioning 2.0.0 section 11, with missing numbers counted as zero
/// and leading zeros allowed (`2023.01`), because real firmware is numbered so. Versions that
/// differ only in their writing are ordered by it, so that the order is total.
public struct Version: Hashable, Sendable {
    public let text: String
    /// Missing ones are zero.
    private let numbers: SIMD4<UInt64>
    private let prerelease: [Identifier]

    /// The longest version, in bytes.
    public static let maximumByteCount = 64

    /// Returns `nil` when `text` is not a version.
    public init?(_ text: String) {
        guard (1...Self.maximumByteCount).contains(text.utf8.count) else { return nil }
        let (rest, build) = Self.split(text.utf8[...], at: UInt8(ascii: "+"))
        let (core, prerelease) = Self.split(rest, at: UInt8(ascii: "-"))
        let parts = core.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...4).contains(parts.count) else { return nil }
        var numbers = SIMD4<UInt64>.zero
        for (index, part) in parts.enumerated() {
            guard part.allSatisfy(Self.isDigit), let number = UInt64(Substring(part)) else {
                return nil
            }
            numbers[index] = number
        }
        guard let identifiers = Self.identifiers(in: prerelease), Self.identifiers(in: build) != nil
        else { return nil }
        self.text = text
        self.numbers = numbers
        self.prerelease = identifiers
    }

    private enum Identifier: Hashable {
        /// Its digits without leading zeros: a time stamp need not fit into 64 bits.
        case number(digits: String)
        case word(String)
    }

    private static func split(
        _ text: Substring.UTF8View, at separator: UInt8
    ) -> (Substring.UTF8View, Substring.UTF8View?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    private static func identifiers(in text: Substring.UTF8View?) -> [Identifier]? {
        guard let text else { return [] }
        var identifiers: [Identifier] = []
        for part in text.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        {
            guard !part.isEmpty, part.allSatisfy(isIdentifierByte) else { return nil }
            if part.allSatisfy(isDigit) {
                let digits = part.drop { $0 == UInt8(ascii: "0") }
                identifiers.append(.number(digits: String(Substring(digits))))
            } else {
                identifiers.append(.word(String(Substring(part))))
            }
        }
        return identifiers
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isIdentifierByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "-"), UInt8(ascii: "~"):
            true
        default: isDigit(byte)
        }
    }
}

extension Version: Comparable {
    public static func < (left: Version, right: Version) -> Bool {
        for index in left.numbers.indices where left.numbers[index] != right.numbers[index] {
            return left.numbers[index] < right.numbers[index]
        }
        if let precedes = prereleasePrecedes(left.prerelease, right.prerelease) { return precedes }
        return left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    /// Returns `nil` when both are equal.
    ///
    /// No prerelease at all comes after any (Semantic Versioning 2.0.0 section 11.3).
    private static func prereleasePrecedes(_ left: [Identifier], _ right: [Identifier]) -> Bool? {
        guard left != right else { return nil }
        if left.isEmpty { return false }
        if right.isEmpty { return true }
        for (one, other) in zip(left, right) where one != other {
            switch (one, other) {
            case (.number(let a), .number(let b)):
                guard a.utf8.count == b.utf8.count else { return a.utf8.count < b.utf8.count }
                return a.utf8.lexicographicallyPrecedes(b.utf8)
            case (.number, .word): return true
            case (.word, .number): return false
            case (.word(let a), .word(let b)):
                return a.utf8.lexicographicallyPrecedes(b.utf8)
            }
        }
        return left.count < right.count
    }
}

extension Version: CustomStringConvertible {
    public var description: String { text }
}

/// A share of more than 0 % and at most 100 %, exact to a millionth of the whole.
public struct Percentage: Hashable, Sendable {
    /// 1 to 1,000,000.
    public let millionths: UInt64

    /// Returns `nil` outside 1 to 1,000,000.
    public init?(millionths: UInt64) {
        guard (1...1_000_000).contains(millionths) else { return nil }
        self.millionths = millionths
    }

    /// Reads `5`, `5%`, `2.5%` or `0.0001%`: at most three and four digits around the point.
    public init?(_ text: String) {
        let number = text.hasSuffix("%") ? text.dropLast() : text[...]
        let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = Self.digits(parts[0], atMost: 3) else { return nil }
        guard parts.count == 2 else {
            self.init(millionths: whole * 10_000)
            return
        }
        guard let decimals = Self.digits(parts[1], atMost: 4) else { return nil }
        let padding = (parts[1].utf8.count..<4).reduce(UInt64(1)) { power, _ in power * 10 }
        self.init(millionths: whole * 10_000 + decimals * padding)
    }

    /// Whether a device with this bucket is inside; a larger percentage holds all of a smaller one.
    public func holds(_ bucket: Bucket) -> Bool {
        // bucket / 2^64 < millionths / 10^6, without rounding.
        bucket.value.multipliedFullWidth(by: 1_000_000).high < millionths
    }

    /// The share of 1, more than 0 and at most 1.
    var fraction: Double { Double(millionths) / 1_000_000 }

    private static func digits(_ text: Substring, atMost count: Int) -> UInt64? {
        let bytes = text.utf8
        guard (1...count).contains(bytes.count),
            bytes.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return UInt64(text)
    }
}

extension Percentage: Comparable {
    public static func < (left: Percentage, right: Percentage) -> Bool {
        left.millionths < right.millionths
    }
}

extension Percentage: CustomStringConvertible {
    /// Such as `2.5%`, without needless zeros.
    public var description: String {
        let (whole, rest) = millionths.quotientAndRemainder(dividingBy: 10_000)
        guard rest > 0 else { return "\(whole)%" }
        var decimals = String(String(10_000 + rest).dropFirst())
        while decimals.last == "0" { decimals.removeLast() }
        return "\(whole).\(decimals)%"
    }
}

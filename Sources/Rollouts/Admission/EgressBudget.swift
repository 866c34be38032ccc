public import Model

/// How many bytes of images may be offered in any window of one unit.
///
/// An offer counts with the whole length of its image when it is made, however much of it is
/// fetched, so what leaves the store for other reasons does not count.
public struct EgressBudget: Hashable, Sendable {
    /// At least 1,000 bytes and less than 10^18.
    public let bytes: Int64
    public let unit: PaceUnit

    private static let sizes: [(word: String, bytes: Int64)] = [
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000),
    ]

    /// Reads `200 GB/day`: up to six digits, a space or none, `kB` to `TB`, a slash and a unit.
    ///
    /// A kB is 1,000 bytes.
    ///
    /// - Throws: ``LimitError/egress(found:)``.
    public init(_ text: String) throws(LimitError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let unit = PaceUnit(rawValue: String(parts[1])),
            let size = Self.sizes.first(where: { parts[0].hasSuffix($0.word) })
        else { throw .egress(found: text) }
        let number = parts[0].dropLast(size.word.count)
        let digits = number.hasSuffix(" ") ? number.dropLast() : number
        guard let count = WholeNumber.parse(digits, maximumDigits: 6), count > 0 else {
            throw .egress(found: text)
        }
        bytes = Int64(count) * size.bytes
        self.unit = unit
    }

    /// Whether an image of `length` bytes may be offered.
    ///
    /// - Parameter recent: The bytes offered in the window of ``unit`` that ends at `now`; `nil`
    ///   when there are none.
    /// - Returns: ``RateAnswer/never`` for an image that is larger than the whole budget.
    public func mayOffer(length: Int64, recent: RecentUse?, at now: Instant) -> RateAnswer {
        SlidingLimit(most: bytes, unit: unit).answer(taking: length, beside: recent, at: now)
    }
}

extension EgressBudget: CustomStringConvertible {
    /// The largest size that fits without a rest, such as `200 GB/day`.
    public var description: String {
        for size in Self.sizes where bytes.isMultiple(of: size.bytes) {
            return "\(bytes / size.bytes) \(size.word)/\(unit.rawValue)"
        }
        return "\(bytes) B/\(unit.rawValue)"
    }
}

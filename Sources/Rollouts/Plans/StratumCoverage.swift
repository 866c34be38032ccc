/// Which values of one stratum a sample wave, together with those before it, has devices of.
public struct StratumCoverage: Hashable, Sendable {
    public let wave: String
    /// An attribute, or a built-in word of ``Selector``.
    public let attribute: String
    /// The values that most candidates have, the largest first; at most ``maximumCount``.
    public let values: [Value]
    /// How many values the candidates have, those that are not in ``values`` among them.
    public let valueCount: Int
    /// How many of them the wave has no device of.
    public let uncoveredCount: Int

    /// The most values that are kept.
    public static let maximumCount = 50
    /// The most uncovered values that the description names.
    public static let namedCount = 3

    /// One value, and how many candidates have it.
    public struct Value: Hashable, Sendable {
        /// `nil` for devices that have none.
        public let text: String?
        /// At least 1.
        public let deviceCount: Int
        /// How many of them the wave and those before it reach.
        public let reachedCount: Int
    }

    init(wave: String, attribute: String, sizes: [ExactText?: Int], reached: [ExactText?: Int]) {
        self.wave = wave
        self.attribute = attribute
        valueCount = sizes.count
        uncoveredCount = sizes.keys.count { reached[$0, default: 0] == 0 }
        let ordered = sizes.sorted { left, right in
            guard left.value == right.value else { return left.value > right.value }
            guard let other = right.key else { return false }
            return left.key.map { $0.text.utf8.lexicographicallyPrecedes(other.text.utf8) } ?? true
        }
        values = ordered.prefix(Self.maximumCount).map {
            Value(
                text: $0.key?.text, deviceCount: $0.value, reachedCount: reached[$0.key, default: 0]
            )
        }
    }

    /// How many values are not in ``values``.
    public var furtherCount: Int { valueCount - values.count }
}

extension StratumCoverage: CustomStringConvertible {
    /// One clause for an operator; of uncovered values the largest are named.
    public var description: String {
        let wave = Quotation.of(wave)
        guard uncoveredCount > 0 else {
            return "wave \(wave) has devices of each of the \(valueCount) values of \(attribute)"
        }
        let named = values.filter { $0.reachedCount == 0 }.prefix(Self.namedCount).map { value in
            "0 of \(value.deviceCount) devices "
                + (value.text.map { "with \(attribute) \(Quotation.of($0))" }
                    ?? "without \(attribute)")
        }
        guard !named.isEmpty else {
            return "\(uncoveredCount) of \(valueCount) values of \(attribute), all of them rare, "
                + "are not in wave \(wave)"
        }
        let rest = uncoveredCount - named.count
        return named.joined(separator: ", ")
            + (rest > 0 ? " and of \(rest) more values" : "") + " are in wave \(wave)"
    }
}

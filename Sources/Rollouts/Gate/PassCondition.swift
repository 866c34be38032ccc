/// What a number has to satisfy, written as a comparison and a number such as `< 0.01`.
public struct PassCondition: Hashable, Sendable {
    public let comparison: Comparison
    /// Finite.
    public let bound: Double
    /// The bound as its author wrote it.
    private let boundText: String

    public enum Comparison: String, Hashable, Sendable, CaseIterable {
        case less = "<"
        case atMost = "<="
        case more = ">"
        case atLeast = ">="
        case equal = "=="
        case unequal = "!="
    }

    /// The longest number, in bytes.
    private static let maximumNumberByteCount = 32

    /// Returns `nil` unless `text` is a comparison and a finite decimal number.
    public init?(_ text: String) {
        let signs = text.prefix { "<>=!".contains($0) }
        let number = text.dropFirst(signs.count).drop { $0 == " " }
        // The language would read hexadecimal numbers, infinities and worse.
        guard let comparison = Comparison(rawValue: String(signs)),
            (1...Self.maximumNumberByteCount).contains(number.utf8.count),
            number.allSatisfy({ "0123456789.+-eE".contains($0) }),
            let bound = Double(number), bound.isFinite
        else { return nil }
        self.comparison = comparison
        self.bound = bound
        boundText = String(number)
    }

    /// False for what is not a number, whatever the comparison.
    public func isSatisfied(by value: Double) -> Bool {
        guard !value.isNaN else { return false }
        return switch comparison {
        case .less: value < bound
        case .atMost: value <= bound
        case .more: value > bound
        case .atLeast: value >= bound
        case .equal: value == bound
        case .unequal: value != bound
        }
    }
}

extension PassCondition: CustomStringConvertible {
    public var description: String { "\(comparison.rawValue) \(boundText)" }
}

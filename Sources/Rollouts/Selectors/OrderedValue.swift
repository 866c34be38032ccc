internal import Model

/// A text seen as something with an order.
struct OrderedValue: Hashable, Sendable {
    private let version: Version?
    private let number: Int64?

    init(_ text: String) {
        version = Version(text)
        number = Self.decimal(text)
    }

    /// Whether both are versions, else both numbers, that stand as asked; else false.
    func compares(
        to other: OrderedValue, versions: (Version, Version) -> Bool,
        numbers: (Int64, Int64) -> Bool
    ) -> Bool {
        if let version, let otherVersion = other.version { return versions(version, otherVersion) }
        if let number, let otherNumber = other.number { return numbers(number, otherNumber) }
        return false
    }

    /// Digits, perhaps after a minus.
    private static func decimal(_ text: String) -> Int64? {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return Int64(text)
    }
}

/// One of the four comparisons that need an order.
enum SelectorOrder: Hashable, Sendable {
    case less
    case lessOrEqual
    case greater
    case greaterOrEqual

    func holds(_ left: OrderedValue, _ right: OrderedValue) -> Bool {
        switch self {
        case .less: left.compares(to: right, versions: <, numbers: <)
        case .lessOrEqual: left.compares(to: right, versions: <=, numbers: <=)
        case .greater: left.compares(to: right, versions: >, numbers: >)
        case .greaterOrEqual: left.compares(to: right, versions: >=, numbers: >=)
        }
    }
}

/// What a column holds, in words that every engine understands.
///
/// Bytes are kept as hex text, and yes or no as 1 or 0.
enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
}

/// A type of ours that a column can hold.
protocol SQLConvertible: Sendable {
    var sqlValue: SQLValue { get }
    /// `nil` where the column holds something else.
    init?(sqlValue: SQLValue)
}

extension Int64: SQLConvertible {
    var sqlValue: SQLValue { .integer(self) }

    init?(sqlValue: SQLValue) {
        guard case .integer(let number) = sqlValue else { return nil }
        self = number
    }
}

extension Int: SQLConvertible {
    var sqlValue: SQLValue { .integer(Int64(self)) }

    init?(sqlValue: SQLValue) {
        guard case .integer(let number) = sqlValue else { return nil }
        self.init(exactly: number)
    }
}

extension Bool: SQLConvertible {
    var sqlValue: SQLValue { .integer(self ? 1 : 0) }

    init?(sqlValue: SQLValue) {
        guard case .integer(let number) = sqlValue else { return nil }
        self = number != 0
    }
}

extension Double: SQLConvertible {
    var sqlValue: SQLValue { .real(self) }

    init?(sqlValue: SQLValue) {
        switch sqlValue {
        case .real(let number): self = number
        case .integer(let number): self = Double(number)
        case .null, .text: return nil
        }
    }
}

extension String: SQLConvertible {
    var sqlValue: SQLValue { .text(self) }

    init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        self = text
    }
}

/// What stands for the `?` of a statement, in their order.
struct SQLArguments: ExpressibleByArrayLiteral, Sendable {
    var values: [SQLValue]

    init(_ values: [SQLValue]) { self.values = values }

    init(_ values: [some SQLConvertible]) { self.values = values.map(\.sqlValue) }

    init(arrayLiteral elements: (any SQLConvertible)?...) {
        values = elements.map { $0?.sqlValue ?? .null }
    }

    static func + (first: SQLArguments, second: SQLArguments) -> SQLArguments {
        SQLArguments(first.values + second.values)
    }
}

/// A column of a row that is to be written.
struct Column {
    let name: String
    let value: SQLValue

    init(_ name: String, _ value: (any SQLConvertible)?) {
        self.name = name
        self.value = value?.sqlValue ?? .null
    }
}

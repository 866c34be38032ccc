/// One row of an answer.
///
/// The schema says what each column holds, and every engine keeps to it: to ask for a column that is
/// not there, or for a type that it does not have, is an error of ours and traps. What only has to
/// be text is read by ``value(_:_:)-(String,_)``, which throws.
struct SQLRow {
    /// Of the columns.
    let names: [String]
    let values: [SQLValue]

    subscript<Value: SQLConvertible>(_ column: String) -> Value {
        decode(values[number(of: column)], column)
    }

    subscript<Value: SQLConvertible>(_ column: String) -> Value? {
        decodeOptional(values[number(of: column)], column)
    }

    subscript<Value: SQLConvertible>(_ column: Int) -> Value {
        decode(values[column], names[column])
    }

    subscript<Value: SQLConvertible>(_ column: Int) -> Value? {
        decodeOptional(values[column], names[column])
    }

    private func number(of column: String) -> Int {
        guard let number = names.firstIndex(of: column) else {
            preconditionFailure("the answer has no column \(column)")
        }
        return number
    }

    private func decodeOptional<Value: SQLConvertible>(
        _ value: SQLValue, _ column: String
    ) -> Value? {
        if case .null = value { return nil }
        return decode(value, column)
    }

    private func decode<Value: SQLConvertible>(_ value: SQLValue, _ column: String) -> Value {
        guard let decoded = Value(sqlValue: value) else {
            preconditionFailure("column \(column) holds no \(Value.self)")
        }
        return decoded
    }
}

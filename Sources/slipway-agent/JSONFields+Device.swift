internal import JSON

/// The manner in which a device's file tells commands and times.
extension JSONFields {
    /// A program and its arguments; `nil` when it is absent, never empty.
    func command(_ name: String) throws(JSONShapeError) -> [String]? {
        guard let elements = try optionalArray(name, maximumCount: 64) else { return nil }
        var words: [String] = []
        for element in elements {
            guard case .string(let word) = element.value else {
                throw JSONShapeError(path: element.path, expected: "a string")
            }
            words.append(word.text)
        }
        guard words.first?.isEmpty == false else {
            throw refused(name, "a program and its arguments")
        }
        return words
    }

    /// Whole seconds.
    func duration(
        _ name: String, in range: ClosedRange<Int64> = 1...604_800, unless standard: Int64
    ) throws(JSONShapeError) -> Duration {
        .seconds(try optionalInteger(name, in: range) ?? standard)
    }
}

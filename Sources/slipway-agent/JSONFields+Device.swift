internal import JSON

/// The manner in which a device's file tells commands and times.
extension JSONFields {
    /// Strings; none where there is no such member.
    func words(_ name: String) throws(JSONShapeError) -> [String] {
        var words: [String] = []
        for element in try optionalArray(name, maximumCount: 64) ?? [] {
            guard case .string(let word) = element.value else {
                throw JSONShapeError(path: element.path, expected: "a string")
            }
            words.append(word.text)
        }
        return words
    }

    /// A program and its arguments; `nil` when it is absent, never empty.
    func command(_ name: String) throws(JSONShapeError) -> [String]? {
        guard optionalValue(name) != nil else { return nil }
        let words = try words(name)
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

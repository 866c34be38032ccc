/// The members of one object, read one by one, with the path for the error.
public struct JSONFields: Sendable {
    public let members: JSONObject
    private let place: JSONPlace

    /// - Throws: ``JSONShapeError`` when `value` is not an object.
    public init(_ value: JSONValue, at path: String = "") throws(JSONShapeError) {
        try self.init(value, at: path.isEmpty ? .top : .member(path, of: .top))
    }

    fileprivate init(_ value: JSONValue, at place: JSONPlace) throws(JSONShapeError) {
        guard case .object(let members) = value else {
            throw JSONShapeError(path: place.path, expected: "an object, found \(value.kind)")
        }
        self.place = place
        self.members = members
    }

    /// Where in the document the object stands: empty at the top, else such as `waves[1]`.
    public var path: String { place.path }

    public func path(of name: String) -> String { JSONPlace.member(name, of: place).path }

    /// The error for a member that a caller's own check refuses.
    public func refused(_ name: String, _ expected: String) -> JSONShapeError {
        JSONShapeError(path: path(of: name), expected: expected)
    }

    private func refused(
        _ name: String, _ expected: String, found value: JSONValue?
    ) -> JSONShapeError {
        refused(name, "\(expected), found \(value?.kind ?? "nothing")")
    }
}

// MARK: - Members that must be there

extension JSONFields {
    public func value(_ name: String) throws(JSONShapeError) -> JSONValue {
        guard let value = members[name] else { throw refused(name, "a value", found: nil) }
        return value
    }

    public func string(
        _ name: String, maximumByteCount: Int = 1024
    ) throws(JSONShapeError) -> String {
        let value = members[name]
        guard case .string(let text) = value else { throw refused(name, "a string", found: value) }
        guard text.utf8.count <= maximumByteCount else {
            throw refused(name, "a string of at most \(maximumByteCount) bytes")
        }
        return text.text
    }

    public func integer(
        _ name: String, in range: ClosedRange<Int64>
    ) throws(JSONShapeError) -> Int64 {
        let value = members[name]
        guard case .integer(let number) = value else {
            throw refused(name, "a number", found: value)
        }
        guard range.contains(number) else {
            throw refused(name, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    public func bool(_ name: String) throws(JSONShapeError) -> Bool {
        let value = members[name]
        guard case .bool(let answer) = value else {
            throw refused(name, "true or false", found: value)
        }
        return answer
    }

    /// The elements of an array, each with its own path.
    public func array(
        _ name: String, maximumCount: Int
    ) throws(JSONShapeError) -> [JSONElement] {
        let value = members[name]
        guard case .array(let elements) = value else {
            throw refused(name, "an array", found: value)
        }
        guard elements.count <= maximumCount else {
            throw refused(name, "an array of at most \(maximumCount) elements")
        }
        let array = JSONPlace.member(name, of: place)
        return elements.indices.map { JSONElement(value: elements[$0], array: array, index: $0) }
    }

    public func object(_ name: String) throws(JSONShapeError) -> JSONFields {
        let value = members[name]
        guard let value, case .object = value else {
            throw refused(name, "an object", found: value)
        }
        return try JSONFields(value, at: .member(name, of: place))
    }

    /// The object that `member`, one of ``members``, holds.
    public func object(_ member: JSONObject.Member) throws(JSONShapeError) -> JSONFields {
        try JSONFields(member.value, at: .key(member.key, of: place))
    }

    /// The bytes that a string of lower-case hexadecimal digits stands for.
    public func hex(_ name: String, maximumByteCount: Int) throws(JSONShapeError) -> [UInt8] {
        let value = members[name]
        guard case .string(let text) = value else { throw refused(name, "a string", found: value) }
        guard text.utf8.count / 2 <= maximumByteCount, let bytes = HexText.decode(text.utf8)
        else {
            throw refused(name, "at most \(maximumByteCount) bytes in lower-case hexadecimal")
        }
        return bytes
    }
}

// MARK: - Members that may be absent

/// Absent and `null` are the same here.
extension JSONFields {
    public func optionalValue(_ name: String) -> JSONValue? {
        guard let value = members[name], value != .null else { return nil }
        return value
    }

    public func optionalString(
        _ name: String, maximumByteCount: Int = 1024
    ) throws(JSONShapeError) -> String? {
        guard optionalValue(name) != nil else { return nil }
        return try string(name, maximumByteCount: maximumByteCount)
    }

    public func optionalInteger(
        _ name: String, in range: ClosedRange<Int64>
    ) throws(JSONShapeError) -> Int64? {
        guard optionalValue(name) != nil else { return nil }
        return try integer(name, in: range)
    }

    public func optionalBool(_ name: String) throws(JSONShapeError) -> Bool? {
        guard optionalValue(name) != nil else { return nil }
        return try bool(name)
    }

    public func optionalArray(
        _ name: String, maximumCount: Int
    ) throws(JSONShapeError) -> [JSONElement]? {
        guard optionalValue(name) != nil else { return nil }
        return try array(name, maximumCount: maximumCount)
    }

    /// The members of an object that nobody reads one by one here.
    public func optionalMembers(_ name: String) throws(JSONShapeError) -> JSONObject? {
        switch members[name] {
        case nil, .null: return nil
        case .object(let members): return members
        case let value: throw refused(name, "an object", found: value)
        }
    }

    public func optionalObject(_ name: String) throws(JSONShapeError) -> JSONFields? {
        guard optionalValue(name) != nil else { return nil }
        return try object(name)
    }
}

/// One element of an array, with the path for the error.
public struct JSONElement: Sendable {
    public let value: JSONValue
    fileprivate let array: JSONPlace
    fileprivate let index: Int

    public var path: String { place.path }
    private var place: JSONPlace { .element(index, of: array) }

    /// - Throws: ``JSONShapeError`` when the element is not an object.
    public func object() throws(JSONShapeError) -> JSONFields { try JSONFields(value, at: place) }
}

/// Where something stands in a document; put into words only when it is asked for.
private indirect enum JSONPlace: Sendable {
    case top
    case member(String, of: JSONPlace)
    /// A member whose name is data.
    case key(JSONString, of: JSONPlace)
    case element(Int, of: JSONPlace)

    var path: String {
        switch self {
        case .top: ""
        case .member(let name, .top): name
        case .member(let name, let object): "\(object.path).\(name)"
        case .key(let name, let object): JSONPlace.member(name.text, of: object).path
        case .element(let index, let array): "\(array.path)[\(index)]"
        }
    }
}

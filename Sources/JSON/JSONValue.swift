/// A JSON value whose numbers are whole.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case string(JSONString)
    case array([JSONValue])
    case object(JSONObject)

    public static func string(_ text: String) -> JSONValue { .string(JSONString(text)) }
}

extension JSONValue {
    /// Reads one complete document.
    ///
    /// Refused are, besides what RFC 8259 refuses: a byte order mark, members with the same name,
    /// lone surrogates, and numbers that are not whole or not within 64 bits. `-0` is 0.
    ///
    /// - Throws: ``JSONSyntaxError`` with the offset of the trouble, in bytes.
    public init(parsing bytes: [UInt8], limits: JSONLimits) throws(JSONSyntaxError) {
        var reader = JSONReader(bytes, limits: limits)
        self = try reader.readDocument()
    }

    /// The canonical form (OLPC) that signatures and key names are computed over.
    ///
    /// Control characters stand in it literally, so it is not always legal JSON.
    public var canonicalBytes: [UInt8] { JSONWriter.canonical(self) }

    /// The value as legal JSON on one line, members in the order of their names' bytes.
    public var compactBytes: [UInt8] { JSONWriter.compact(self) }

    /// The value as legal JSON for people, indented by two spaces, without a final line end.
    public var prettyText: String { String(decoding: JSONWriter.pretty(self), as: UTF8.self) }
}

extension JSONValue {
    /// What an error message calls a value of this kind.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self = .string(JSONString(text)) }
}

extension JSONValue: ExpressibleByIntegerLiteral {
    public init(integerLiteral number: Int64) { self = .integer(number) }
}

extension JSONValue: ExpressibleByBooleanLiteral {
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSONValue: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
    /// Two members with the same name are a programmer's error.
    public init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(JSONObject(members))
    }
}

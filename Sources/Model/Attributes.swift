/// What is known of a device besides its identity, such as `site` = `berlin`.
public struct Attributes: Hashable, Sendable {
    public private(set) var values: [String: String]

    /// The most attributes of one device.
    public static let maximumCount = 256
    /// The longest value, in bytes of UTF-8.
    public static let maximumValueByteCount = 256

    public static let none = Attributes()

    private init() { values = [:] }

    /// - Throws: ``Invalid`` naming the first attribute that breaks a rule.
    public init(_ values: [String: String]) throws(Invalid) {
        guard values.count <= Self.maximumCount else { throw .tooMany(values.count) }
        for (name, value) in values {
            guard Self.isName(name) else { throw .name(name) }
            guard Self.isValue(value) else { throw .value(of: name) }
        }
        self.values = values
    }

    /// By their bytes, as databases compare: two spellings of one text are two values.
    public static func == (one: Attributes, other: Attributes) -> Bool {
        one.values.count == other.values.count
            && one.values.allSatisfy { name, value in
                other.values[name]?.utf8.elementsEqual(value.utf8) ?? false
            }
    }

    public enum Invalid: Error, Hashable {
        case tooMany(Int)
        /// Not a lower-case letter followed by at most 63 lower-case letters, digits or `_`.
        case name(String)
        /// Longer than 256 bytes, or with a control character.
        case value(of: String)
    }

    /// These attributes, with those of `others` in the place of their own.
    ///
    /// Where both together are more than a device may have, those of its own that sort last are
    /// left out.
    public func overridden(by others: Attributes) -> Attributes {
        guard !others.values.isEmpty else { return self }
        var result = others
        let own = values.filter { others.values[$0.key] == nil }
        let room = Self.maximumCount - others.values.count
        let kept =
            own.count <= room ? Array(own) : Array(own.sorted { $0.key < $1.key }.prefix(room))
        for (name, value) in kept { result.values[name] = value }
        return result
    }

    public subscript(name: String) -> String? { values[name] }

    /// The words of the attribute `tags`, which are separated by commas.
    public var tags: Set<String> {
        Set((values["tags"] ?? "").split(separator: ",").map(String.init))
    }

    public static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        guard (1...64).contains(bytes.count), let first = bytes.first,
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first)
        else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    /// At most 256 bytes, and none of the control characters.
    ///
    /// These are U+0000 to U+001F and U+007F to U+009F, to which Unicode keeps its category Cc for
    /// ever (Unicode 16.0, 23.1). Bytes are looked at, because reading a large fleet is mostly this.
    private static func isValue(_ text: String) -> Bool {
        let bytes = text.utf8Span.span
        guard bytes.count <= maximumValueByteCount else { return false }
        var previous: UInt8 = 0
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte >= 0x20, byte != 0x7F else { return false }
            // U+0080 to U+009F are 0xC2 and one of these, which continue other scalars as well.
            guard previous != 0xC2 || byte > 0x9F else { return false }
            previous = byte
        }
        return true
    }
}

extension Attributes.Invalid: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooMany(let count):
            "\(count) attributes are more than the \(Attributes.maximumCount) that a device may have"
        case .name(let name):
            "\"\(name)\" is not an attribute name (a-z, then a-z, 0-9 or _; at most 64)"
        case .value(let name):
            "the value of attribute \(name) is longer than \(Attributes.maximumValueByteCount) "
                + "bytes or has control characters"
        }
    }
}

/// A JSON string as its UTF-8 bytes.
///
/// Swift's `String` calls texts equal when they look the same (`é` written in one scalar or in
/// two), which would let two members of an object become one. Here only the bytes count.
public struct JSONString: Hashable, Sendable {
    /// Valid UTF-8.
    public let utf8: [UInt8]

    public init(_ text: String) { utf8 = Array(text.utf8) }

    /// The caller has checked that the bytes are valid UTF-8.
    init(checked utf8: [UInt8]) { self.utf8 = utf8 }

    public var text: String { String(decoding: utf8, as: UTF8.self) }

    func hasSameBytes(as text: String) -> Bool {
        let (own, other) = (utf8.span, text.utf8Span.span)
        return own.count == other.count && own.indices.allSatisfy { own[$0] == other[$0] }
    }
}

extension JSONString: Comparable {
    /// The order of the bytes, which in UTF-8 is the order of the code points.
    public static func < (left: JSONString, right: JSONString) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}

extension JSONString: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self.init(text) }
}

extension JSONString {
    /// The string in quotes for an error message: cut to 64 scalars, nothing that moves a cursor.
    public var quoted: String {
        var shown = String.UnicodeScalarView()
        let scalars = text.unicodeScalars
        for scalar in scalars.prefix(64) {
            shown.append(Self.isShown(scalar) ? scalar : "?")
        }
        return "\"\(String(shown))\(scalars.dropFirst(64).isEmpty ? "" : "...")\""
    }

    /// Neither control characters nor those that break a line or turn its direction around.
    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}

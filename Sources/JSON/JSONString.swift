/// A JSON string as its UTF-8 bytes.
///
/// Swift's `String` calls texts equal when they look the same (`é` written in one scalar or in
/// two), which would let two members of an object become one. Here only the bytes count.
public struct JSONString: Sendable {
    /// Perhaps a whole document: the strings that were read from it share it.
    private let buffer: [UInt8]
    private let start: UInt32
    private let end: UInt32

    public init(_ text: String) { self.init(checked: Array(text.utf8)) }

    /// The caller has checked that the bytes are valid UTF-8.
    init(checked utf8: [UInt8]) { self.init(checked: utf8, 0..<utf8.count) }

    /// The string at `range` of `buffer`, of which the caller has checked that it is valid UTF-8.
    ///
    /// No more than 4 GiB can be addressed; limits are far below.
    init(checked buffer: [UInt8], _ range: Range<Int>) {
        self.buffer = buffer
        start = UInt32(range.lowerBound)
        end = UInt32(range.upperBound)
    }

    /// Valid UTF-8.
    public var utf8: ArraySlice<UInt8> { buffer[Int(start)..<Int(end)] }

    public var text: String { String(decoding: utf8, as: UTF8.self) }

    func hasSameBytes(as text: String) -> Bool {
        let (own, other) = (buffer.span, text.utf8Span.span)
        let start = Int(start)
        return other.count == Int(end) - start
            && other.indices.allSatisfy { own[start + $0] == other[$0] }
    }
}

extension JSONString: Hashable {
    public static func == (left: JSONString, right: JSONString) -> Bool {
        left.utf8 == right.utf8
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(utf8)
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

/// An address that the server may be told to ask, in the one written form in which nothing is ambiguous.
///
/// Two programs that read an address differently are how a request gets to where nobody allowed it
/// to go. So there are no user names, fragments, spaces, dots that climb, encoded slashes or dots,
/// and no scheme but `http` and `https` in lower case.
public struct OutsideAddress: Hashable, Sendable {
    public let text: String
    /// Scheme, host and port.
    public let origin: String
    /// The segments of the path, without a last empty one.
    private let segments: [Substring]

    /// The longest address, in bytes.
    public static let maximumByteCount = 2048

    /// Returns `nil` for every other form.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumByteCount, text.utf8.allSatisfy(Self.isPlain),
            let scheme = ["https://", "http://"].first(where: { text.hasPrefix($0) })
        else { return nil }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest.dropFirst(authority.count).prefix { $0 != "?" }
        guard !authority.isEmpty, authority.utf8.allSatisfy(Self.isHost) else { return nil }
        var segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        if segments.last?.isEmpty == true { segments.removeLast() }
        guard segments.allSatisfy(Self.isSegment) else { return nil }
        self.text = text
        origin = scheme + authority
        self.segments = segments
    }

    /// Whether it is `prefix`, or lies below it by whole segments of the path.
    public func isAtOrBelow(_ prefix: OutsideAddress) -> Bool {
        origin == prefix.origin && segments.starts(with: prefix.segments)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7f && !#"#@\"<>^`{}|"#.utf8.contains(byte)
    }

    private static func isHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "["),
            UInt8(ascii: "]"):
            true
        default: false
        }
    }

    private static func isSegment(_ segment: Substring) -> Bool {
        let lower = segment.lowercased()
        return !segment.isEmpty && segment != "." && segment != ".."
            && !["%2e", "%2f", "%5c"].contains { lower.contains($0) }
    }
}

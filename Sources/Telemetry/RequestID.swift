/// The name of one request, which the logs of both ends carry.
public struct RequestID: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// In bytes.
    public static let maximumLength = 64

    /// Takes a name that somebody else gave; `nil` unless it is 1 to 64 of `A-Z a-z 0-9 . _ -`, so
    /// that it can stand in a log and a header as it is.
    public init?(_ text: String) {
        guard (1...Self.maximumLength).contains(text.utf8.count),
            text.utf8.allSatisfy({ byte in
                (0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte)
                    || (0x30...0x39).contains(byte) || byte == 0x2d || byte == 0x2e || byte == 0x5f
            })
        else { return nil }
        description = text
    }

    public init(randomBits: UInt64) {
        description = HexDigits.of(randomBits)
    }
}

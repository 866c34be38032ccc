/// What a key is called: the SHA-256 of its canonical form, in 64 lower-case hexadecimal digits.
public struct KeyID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    /// Returns `nil` unless `text` is the written form of a digest.
    public init?(_ text: String) {
        guard Digest(hex: text) != nil else { return nil }
        self.text = text
    }

    public init(_ digest: Digest) { text = digest.hex }

    public static func < (left: KeyID, right: KeyID) -> Bool { left.text < right.text }

    public var description: String { text }
}

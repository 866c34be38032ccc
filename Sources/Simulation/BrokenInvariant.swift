/// Something that must never be, and was.
public struct BrokenInvariant: Error, Hashable, Sendable, CustomStringConvertible {
    /// Which promise of the design it is, such as `P1`.
    public let promise: String
    /// What must hold, by the name of the one who looks after it.
    public let name: String
    /// What was found instead, in one sentence.
    public let detail: String
    /// Whom it is about; empty for the server.
    public let devices: [String]

    public var description: String {
        "\(promise) \(name): \(detail)"
    }
}

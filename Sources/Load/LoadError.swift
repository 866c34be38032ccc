/// Why load could not be made, or what was wrong with an answer to it.
public enum LoadError: Error, Hashable, CustomStringConvertible {
    /// What the system would not do, and its number for the reason.
    case system(String, code: Int32)
    /// The server ended a connection in the middle.
    case cut
    /// What the server sent is no answer of known length.
    case malformed

    public var description: String {
        switch self {
        case .system(let what, let code): "cannot \(what): error \(code)"
        case .cut: "the server has ended the connection"
        case .malformed: "the server's answer has no head with a Content-Length"
        }
    }
}

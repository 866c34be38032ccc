/// Why load could not be made, or what was wrong with an answer to it.
public enum LoadError: Error, Hashable, CustomStringConvertible {
    /// What the system would not do, and its number for the reason.
    case system(String, code: Int32)
    /// The server ended a connection in the middle.
    case cut
    /// What the server sent is no answer of known length.
    case malformed
    /// Nothing came for so long though answers are owed.
    case silent(seconds: Int)

    public var description: String {
        switch self {
        case .system(let what, let code): "cannot \(what): error \(code)"
        case .cut: "the server has ended the connection"
        case .silent(let seconds): "the server has sent nothing for \(seconds) s"
        case .malformed: "the server's answer has no head with a Content-Length"
        }
    }
}

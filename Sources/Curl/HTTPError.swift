/// Why an exchange has no answer.
public enum HTTPError: Error, Hashable, Sendable {
    /// Not an address we can ask: malformed, or neither `http` nor `https`.
    case badURL(String)
    /// The server could not be found or connected to.
    case unreachable(String)
    /// The exchange broke on the way.
    case network(String)
    case timedOut(String)
    /// The server sends more than was allowed.
    case tooLong(limitBytes: Int64)
    /// libcurl itself failed, or was given something that it cannot send.
    case library(String)
}

extension HTTPError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badURL(let detail): "bad URL: \(detail)"
        case .unreachable(let detail): detail
        case .network(let detail): "the connection broke: \(detail)"
        case .timedOut(let detail): "timed out: \(detail)"
        case .tooLong(let limitBytes): "the answer is longer than \(limitBytes) bytes"
        case .library(let detail): "libcurl: \(detail)"
        }
    }
}

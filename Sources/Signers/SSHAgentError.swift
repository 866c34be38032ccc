internal import Trust

/// Why an ssh-agent gave no signature or no keys.
public enum SSHAgentError: Error, Hashable, Sendable {
    /// Nobody answers at this path.
    case unreachable(path: String, reason: String)
    case timedOut(after: Duration)
    /// The payload has more bytes than an agent takes.
    case tooLong(byteCount: Int, limitBytes: Int)
    /// It said no: it is locked, it lost the key, or its user did not agree.
    case refused
    case noSuchKey
    /// An agent cannot sign by this scheme.
    case unsupported(scheme: String)
    /// What it sent is not an answer of the protocol.
    case badAnswer(problem: String)
}

extension SSHAgentError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreachable(let path, let reason):
            "no ssh-agent answers at \(path): \(reason)"
        case .timedOut(let timeout):
            "the ssh-agent did not answer within \(timeout)"
        case .tooLong(let byteCount, let limitBytes):
            "the ssh-agent signs at most \(limitBytes) bytes, and these are \(byteCount)"
        case .refused:
            "the ssh-agent refused: it may be locked, or its user did not agree"
        case .noSuchKey:
            "the ssh-agent does not hold this key"
        case .unsupported(let scheme):
            "an ssh-agent cannot sign by \(scheme)"
        case .badAnswer(let problem):
            "the ssh-agent sent an answer that makes no sense: \(problem)"
        }
    }
}

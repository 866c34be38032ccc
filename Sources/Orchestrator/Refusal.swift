/// Why the orchestrator does not do what it is asked; nothing was changed.
public enum Refusal: Error, Hashable, Sendable {
    /// The request is not understood.
    case malformed(String)
    /// The signature, key or token is not one that is known.
    case stranger(String)
    /// Who asks is known, and may not do it.
    case forbidden(String)
    case unknown(String)
    /// It makes no sense as things stand now; looking again may help.
    case conflict(String)
    /// It was asked for what is no longer there: somebody changed it meanwhile.
    case outdated(String)
    /// It is understood, and cannot be done.
    case invalid(String)
    /// An image that is longer than the server takes.
    case tooLong(limitBytes: Int64)
    /// Too much was asked by the same caller, or too much of it was wrong.
    case tooMany(retryAfterSeconds: Int)
    /// Bytes that do not have the digest that came with them; they were not kept.
    case checksum
    case store(StoreError)
    /// A key of the server cannot be used.
    case signing(String)
}

extension Refusal: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed(let reason), .stranger(let reason), .forbidden(let reason),
            .unknown(let reason), .conflict(let reason), .outdated(let reason),
            .invalid(let reason):
            reason
        case .tooLong(let limitBytes): "the image is longer than \(limitBytes) bytes"
        case .tooMany(let seconds): "this is asked too often; come back in \(seconds) s"
        case .checksum: "the bytes do not have the SHA-256 that was sent with them"
        case .store(let error): "\(error)"
        case .signing(let reason): "the server cannot sign: \(reason)"
        }
    }
}

extension Refusal {
    /// The refusal in an error that came out of a transaction.
    static func wrapping(_ error: any Error) -> Refusal {
        switch error {
        case let error as Refusal: error
        case let error as StoreError: .store(error)
        default: .store(.failed("\(error)"))
        }
    }
}

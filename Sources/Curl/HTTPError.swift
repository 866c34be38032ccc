/// Why an exchange has no answer.
public enum HTTPError: Error, Hashable, Sendable {
    /// Not an address we can ask: malformed, or neither `http` nor `https`.
    case badURL(String)
    /// The server could not be found or connected to.
    case unreachable(String)
    /// The exchange broke on the way.
    case network(String)
    case timedOut(String)
    /// The server, or whoever stands in its place, could not prove who it is.
    case certificate(CertificateProblem, String)
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
        case .certificate(let problem, let detail): "\(problem): \(detail)"
        case .tooLong(let limitBytes): "the answer is longer than \(limitBytes) bytes"
        case .library(let detail): "libcurl: \(detail)"
        }
    }
}

/// What is wrong with a server's certificate.
public enum CertificateProblem: Hashable, Sendable {
    /// It begins to be valid later than the clock of this machine says that it is.
    case notYetValid
    case expired
    /// Signed by nobody we trust, for another name, revoked, or broken.
    case other

    /// - Parameter verifyResult: One of OpenSSL's `X509_V_ERR_…`.
    init(verifyResult: Int) {
        self =
            switch verifyResult {
            case 9: .notYetValid
            case 10: .expired
            default: .other
            }
    }
}

extension CertificateProblem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notYetValid:
            "the server's certificate is not valid yet, or the clock of this machine is behind"
        case .expired:
            "the server's certificate has expired, or the clock of this machine is ahead"
        case .other: "the server's certificate is not trusted"
        }
    }
}

/// What shows that an answer is not the file that was asked for.
///
/// Between a device and its server may stand a hotel's login page, a mirror of yesterday or a proxy
/// that guesses. None of them speaks for the server, so asking again later may well help.
public enum ForeignAnswer: Hashable, Sendable {
    /// The whole file would have so many bytes; so many are signed.
    case length(found: Int64, expected: Int64)
    /// What it says about its own length contradicts itself.
    case contradictsItself
    case webPage
    /// Somebody led us elsewhere without encryption, and there the answer has this status.
    case redirected(status: Int)
}

extension ForeignAnswer: CustomStringConvertible {
    public var description: String {
        switch self {
        case .length(let found, let expected):
            "it is a file of \(found) bytes, and \(expected) bytes are signed"
        case .contradictsItself: "it contradicts itself about its length"
        case .webPage: "it is a web page"
        case .redirected(let status):
            "a redirect without encryption led to an answer with status \(status)"
        }
    }
}

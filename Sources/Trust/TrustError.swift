public import Model

/// Why metadata is not to be trusted.
///
/// Every case is an attack until someone shows that it is a mistake.
public enum TrustError: Error, Hashable {
    /// Not the JSON that this role's metadata is.
    case malformed(RoleName, problem: String)
    /// Only `valid` distinct keys signed; the role asks for `threshold`.
    case tooFewSignatures(RoleName, valid: Int, threshold: Int)
    /// Older than what is trusted already, or silent about a role that was listed before.
    case rollback(RoleName, offered: Int64, trusted: Int64)
    /// Not the version that the metadata above it names.
    case wrongVersion(RoleName, offered: Int64, expected: Int64)
    case expired(RoleName, at: Instant)
    /// Not the bytes that the metadata above it names.
    case wrongBytes(RoleName)
    case tooLong(RoleName, limitBytes: Int)
    /// Named by the metadata above it, but not there.
    case missing(RoleName)
}

extension TrustError: CustomStringConvertible {
    /// One sentence for an operator, with the attack that it may be.
    public var description: String {
        switch self {
        case .malformed(let role, let problem):
            "\(role.rawValue) metadata is malformed: \(problem)"
        case .tooFewSignatures(let role, let valid, let threshold):
            "\(role.rawValue) metadata is signed by \(valid) of the \(threshold) keys it needs"
                + " (it may be forged)"
        case .rollback(let role, let offered, let trusted):
            "\(role.rawValue) metadata version \(offered) is older than version \(trusted), which"
                + " is already trusted (it may be a rollback attack)"
        case .wrongVersion(let role, let offered, let expected):
            "\(role.rawValue) metadata is version \(offered) where version \(expected) is named"
                + " (it may be a mix-and-match attack)"
        case .expired(let role, let moment):
            "\(role.rawValue) metadata expired at \(moment) (it may be a freeze attack)"
        case .wrongBytes(let role):
            "\(role.rawValue) metadata does not have the length and digest that the metadata above"
                + " it names (it may be a mix-and-match attack)"
        case .tooLong(let role, let limitBytes):
            "\(role.rawValue) metadata is longer than \(limitBytes) bytes"
                + " (it may be an endless-data attack)"
        case .missing(let role):
            "\(role.rawValue) metadata is named but not there"
        }
    }
}

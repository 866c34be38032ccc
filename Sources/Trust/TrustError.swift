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
    case wrongBytes(RoleName, length: Int, expected: MetadataDescription)
    case tooLong(RoleName, limitBytes: Int)
    /// Named by the metadata above it, but not there.
    case missing(RoleName)
}

extension TrustError {
    /// Whose metadata it is.
    public var role: RoleName {
        switch self {
        case .malformed(let role, _), .tooFewSignatures(let role, _, _),
            .rollback(let role, _, _), .wrongVersion(let role, _, _), .expired(let role, _),
            .wrongBytes(let role, _, _), .tooLong(let role, _), .missing(let role):
            role
        }
    }

    /// The attack that it may be.
    public var indicator: AttackIndicator {
        switch self {
        case .malformed: .malformed
        case .tooFewSignatures: .arbitraryInstallation
        case .rollback: .rollback
        case .wrongVersion, .wrongBytes: .mixAndMatch
        case .expired: .freeze
        case .tooLong: .endlessData
        case .missing: .withholding
        }
    }
}

extension TrustError: CustomStringConvertible {
    /// One sentence for an operator: the role, what was expected, and the attack that it may be.
    public var description: String {
        switch self {
        case .malformed(let role, let problem):
            "\(role) metadata is malformed: \(problem)"
        case .tooFewSignatures(let role, let valid, let threshold):
            "\(role) metadata is signed by \(valid) of the \(threshold) keys it needs"
                + " (it may be forged)"
        case .rollback(let role, let offered, let trusted):
            "\(role) metadata version \(offered) is older than version \(trusted), which"
                + " is already trusted (it may be a rollback attack)"
        case .wrongVersion(let role, let offered, let expected):
            "\(role) metadata is version \(offered) where version \(expected) is expected"
                + " (it may be a mix-and-match attack)"
        case .expired(let role, let moment):
            "\(role) metadata expired at \(moment) (it may be a freeze attack)"
        case .wrongBytes(let role, let length, let expected):
            "\(role) metadata of \(length) bytes is not what the metadata above it names:"
                + " \(expected) (it may be a mix-and-match attack)"
        case .tooLong(let role, let limitBytes):
            "\(role) metadata is longer than \(limitBytes) bytes"
                + " (it may be an endless-data attack)"
        case .missing(let role):
            "\(role) metadata is named but not there (it may be withheld)"
        }
    }
}

/// What was refused, and under which name it was published.
public struct MetadataRefusal: Error, Hashable, CustomStringConvertible {
    /// The file's name in the repository, or in the store of what was trusted before.
    public let file: String
    public let reason: TrustError

    public init(file: String, reason: TrustError) {
        self.file = file
        self.reason = reason
    }

    /// The name percent-encoded, as somebody else may have chosen it.
    public var description: String { "\(URLPath.encodeAll(file)): \(reason)" }
}

public import Model

/// Questions about tokens.
public protocol TokenReader {
    func token(_ id: TokenID) throws -> TokenRecord?
    /// The token whose text has this digest.
    func token(digest: Digest) throws -> TokenRecord?
    /// All tokens, the newest first.
    func tokens() throws -> [TokenRecord]
    func enrolmentToken(_ id: TokenID) throws -> EnrolmentTokenRecord?
    /// All enrolment tokens, the newest first.
    func enrolmentTokens() throws -> [EnrolmentTokenRecord]
    /// The token that let the device in; `nil` when it came in another way.
    func enrolmentToken(of device: DeviceID) throws -> TokenID?
}

/// Changes of tokens.
public protocol TokenWriter: TokenReader {
    func add(_ token: TokenRecord) throws
    /// The first revocation stays.
    func revokeToken(_ id: TokenID, at moment: Instant) throws
    func noteUse(ofToken id: TokenID, at moment: Instant) throws
    func add(_ token: EnrolmentTokenRecord) throws
    /// The first revocation stays.
    func revokeEnrolmentToken(_ id: TokenID, at moment: Instant) throws
    /// Counts one use, and notes whom it let in.
    func use(_ token: EnrolmentTokenRecord, for device: DeviceID, at moment: Instant) throws
}

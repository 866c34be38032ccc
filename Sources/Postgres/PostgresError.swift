/// What PostgreSQL, or the way to it, did not do.
public struct PostgresError: Error, Hashable, CustomStringConvertible {
    /// The five characters that tell errors apart (PostgreSQL's documentation, appendix A); `nil`
    /// where the server did not answer.
    public let sqlState: String?
    /// The server's words, or libpq's; never a password.
    public let message: String
    /// The connection cannot be used any more.
    public let isLost: Bool
    /// The server did not answer, though the connection to it stands.
    public let isSilence: Bool

    init(
        sqlState: String? = nil, _ message: String, isLost: Bool = false, isSilence: Bool = false
    ) {
        self.sqlState = sqlState
        self.message = message
        self.isLost = isLost || isSilence
        self.isSilence = isSilence
    }

    public var description: String { message }
}

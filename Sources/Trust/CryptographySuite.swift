/// The cryptography that a decision is made with.
public struct CryptographySuite: Sendable {
    public let checker: any SignatureChecker
    public let hashing: any Hashing

    public init(checker: any SignatureChecker, hashing: any Hashing) {
        self.checker = checker
        self.hashing = hashing
    }
}

import Trust

/// Why something was refused, as far as a test can say it beforehand.
enum Refusal: Hashable, Sendable {
    case because(TrustError)
    /// The length and the description are nothing that a test can make up.
    case wrongBytes(RoleName)
    case other(String)

    init(_ error: any Error) {
        self =
            switch error {
            case TrustError.wrongBytes(let role, _, _): .wrongBytes(role)
            case let error as TrustError: .because(error)
            case let refusal as MetadataRefusal: Refusal(refusal.reason)
            default: .other("\(error)")
            }
    }
}

/// Why `body` was refused; `nil` when it was not.
func refusal<Result>(_ body: () throws -> Result) -> Refusal? {
    do {
        _ = try body()
        return nil
    } catch { return Refusal(error) }
}

public import Model
internal import Trust

/// A token as it is shown to people, such as `slw_0123456789abcdef_` and 64 digits.
///
/// The beginning lets scanners find tokens that stand where none should. The id in the middle is
/// no secret; it names the token in lists and logs.
public struct TokenText: Sendable {
    public let id: TokenID
    public let text: String

    /// What a token is good for, by the beginning of its text.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Of a person or a machine that manages.
        case access = "slw"
        /// Of a device that enrols.
        case enrolment = "sle"
    }

    private static let idDigitCount = 16
    private static let secretDigitCount = 64

    /// - Parameter nonces: Three, of 16 random bytes each: one for the name, two for the secret.
    init(_ kind: Kind, nonces: (Nonce, Nonce, Nonce), hashing: any Hashing) {
        func digits(_ text: String) -> String { hashing.sha256(Array(text.utf8)).hex }
        guard let id = TokenID(String(digits(nonces.0.text).prefix(Self.idDigitCount))) else {
            preconditionFailure("hexadecimal digits are a name")
        }
        self.id = id
        let secret = digits("\(nonces.1) \(nonces.2)")
        text = "\(kind.rawValue)_\(id)_\(secret)"
    }

    /// The name in a token's text; `nil` unless the text is one of that kind.
    static func id(in text: String, _ kind: Kind) -> TokenID? {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == kind.rawValue, parts[1].utf8.count == idDigitCount,
            parts[2].utf8.count == secretDigitCount,
            parts[1...].allSatisfy({ Hex.decode(String($0)) != nil })
        else { return nil }
        return TokenID(String(parts[1]))
    }
}

extension Digest {
    /// Whether both are the same, found out in a time that does not tell where they differ.
    func isSame(as other: Digest) -> Bool {
        zip(bytes, other.bytes).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// The key by which a bucket knows us.
public struct BucketCredentials: Hashable, Sendable {
    public let keyID: String
    let secret: String
    /// Of keys that are valid only for a while.
    let sessionToken: String?

    /// Returns `nil` when one has characters that no key has, and that a header could not carry.
    public init?(keyID: String, secret: String, sessionToken: String? = nil) {
        let parts = [keyID, secret] + (sessionToken.map { [$0] } ?? [])
        guard
            parts.allSatisfy({ part in
                !part.isEmpty && part.utf8.allSatisfy { $0 > 32 && $0 < 127 }
            }), !keyID.contains(":"), !keyID.contains("/")
        else { return nil }
        self.keyID = keyID
        self.secret = secret
        self.sessionToken = sessionToken
    }

    /// Reads the section `[default]` of a file as AWS's own tools have it; `nil` without a key.
    public init?(fileText: String) {
        var values: [Substring: String] = [:]
        var isDefault = false
        for line in fileText.split(whereSeparator: \.isNewline) {
            let line = line.trimmed
            if line.hasPrefix("[") {
                isDefault = line == "[default]"
            } else if isDefault, !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") {
                values[line[..<equals].trimmed] = String(line[equals...].dropFirst().trimmed)
            }
        }
        guard let keyID = values["aws_access_key_id"],
            let secret = values["aws_secret_access_key"]
        else { return nil }
        self.init(keyID: keyID, secret: secret, sessionToken: values["aws_session_token"])
    }
}

/// Without the secrets, which must not come into a log.
extension BucketCredentials: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { keyID }
    public var debugDescription: String { description }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = self
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}

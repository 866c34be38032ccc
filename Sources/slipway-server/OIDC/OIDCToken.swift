internal import JSON
internal import Model

/// A token of an OpenID provider, taken apart and not believed yet (RFC 7519, RFC 7515).
struct OIDCToken: Sendable {
    /// The whole text, for whoever checks the signature.
    let text: String
    let algorithm: Algorithm
    /// Which of the provider's keys has signed it.
    let keyID: String
    let claims: OIDCClaims

    /// How tokens may be signed; there is no word for "not at all", nor for a shared secret.
    enum Algorithm: String, Hashable, Sendable, CaseIterable {
        case rs256 = "RS256"
        case es256 = "ES256"
        case edDSA = "EdDSA"
    }

    /// The longest token, in bytes.
    static let maximumByteCount = 16_384
    private static let maximumKeyIDByteCount = 256

    /// `nil` for everything that cannot be a token that counts here.
    init?(_ text: String) {
        guard text.utf8.count <= Self.maximumByteCount else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Self.object(parts[0]),
            let claims = Self.object(parts[1]),
            !parts[2].isEmpty, Base64URL.decode(parts[2]) != nil
        else { return nil }
        // What must be understood to be believed (RFC 7515 section 4.1.11) is not understood here,
        // and keys come from the provider, never from the token itself.
        for unwanted in ["crit", "jwk", "jku", "x5c", "x5u", "b64", "zip", "enc"] {
            guard header.optionalValue(unwanted) == nil else { return nil }
        }
        guard let word = try? header.string("alg"), let algorithm = Algorithm(rawValue: word),
            let keyID = try? header.string("kid", maximumByteCount: Self.maximumKeyIDByteCount)
        else { return nil }
        self.text = text
        self.algorithm = algorithm
        self.keyID = keyID
        self.claims = OIDCClaims(fields: claims)
    }

    private static func object(_ part: Substring) -> JSONFields? {
        guard let bytes = Base64URL.decode(part) else { return nil }
        return try? JSONFields(
            JSONValue(parsing: bytes, limits: .standard(bytes: maximumByteCount)))
    }
}

/// What a token says of its owner.
struct OIDCClaims: Sendable {
    let fields: JSONFields

    /// How far the provider's clock may be from ours.
    private static let leeway = Duration.seconds(60)
    private static let maximumWordCount = 1000

    /// Whether the token is from that issuer, for that audience, and good at that moment.
    func isFor(_ settings: OIDCSettings, at moment: Instant) -> Bool {
        guard let issuer = try? fields.string("iss"),
            issuer.utf8.elementsEqual(settings.issuer.utf8),
            words(at: ["aud"]).contains(where: { $0.utf8.elementsEqual(settings.audience.utf8) }),
            let expires = instant("exp"), moment < expires.advanced(by: Self.leeway)
        else { return false }
        for name in ["nbf", "iat"] where fields.optionalValue(name) != nil {
            guard let begins = instant(name), begins <= moment.advanced(by: Self.leeway) else {
                return false
            }
        }
        return true
    }

    func instant(_ name: String) -> Instant? {
        (try? fields.integer(name, in: 0...Int64(1) << 40)).map {
            Instant(secondsSinceEpoch: $0)
        }
    }

    /// The word, or the words, that stand there; none where something else does.
    func words(at path: [String]) -> [String] {
        var inner = fields
        for name in path.dropLast() {
            guard let next = try? inner.object(name) else { return [] }
            inner = next
        }
        guard let last = path.last else { return [] }
        switch inner.optionalValue(last) {
        case .string(let word): return [word.text]
        case .array(let elements):
            return elements.prefix(Self.maximumWordCount).compactMap { element in
                if case .string(let word) = element { word.text } else { nil }
            }
        case .none, .null, .bool, .integer, .object: return []
        }
    }
}

/// Base 64 for URLs, without padding (RFC 7515 section 2).
enum Base64URL {
    /// `nil` for everything that is not written so, byte for byte.
    static func decode(_ text: Substring) -> [UInt8]? {
        guard text.utf8.allSatisfy({ !"+/=".utf8.contains($0) }) else { return nil }
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        return Base64.decode(plain + padding)
    }
}

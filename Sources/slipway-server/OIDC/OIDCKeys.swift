import Foundation
internal import JSON
internal import JWTKit

/// The keys of an OpenID provider, by their ids (RFC 7517).
struct OIDCKeys: Sendable {
    private let keys: [String: JWK]

    /// The longest document, in bytes, and the most keys in it.
    static let maximumByteCount = 262_144
    private static let maximumKeyCount = 100
    private static let smallestRSAModulusBits = 2048

    /// Keys of a kind that no token may be signed with here are left out.
    ///
    /// - Throws: What is wrong with the document as a whole.
    init(parsing document: [UInt8]) throws {
        let fields = try JSONFields(
            JSONValue(parsing: document, limits: .standard(bytes: Self.maximumByteCount)))
        var keys: [String: JWK] = [:]
        for element in try fields.array("keys", maximumCount: Self.maximumKeyCount) {
            guard let key = Self.signingKey(element), let id = key.keyIdentifier?.string
            else { continue }
            // Two keys of one id: nobody knows which is meant.
            guard keys.updateValue(key, forKey: id) == nil else {
                throw JSONShapeError(path: element.path, expected: "a key with an id of its own")
            }
        }
        self.keys = keys
    }

    /// A public key that is not for encrypting; `nil` for any other.
    private static func signingKey(_ element: JSONElement) -> JWK? {
        guard let fields = try? element.object(), fields.optionalValue("d") == nil,
            fields.optionalValue("use") == nil || (try? fields.string("use")) == "sig"
        else { return nil }
        return try? JSONDecoder().decode(JWK.self, from: Data(element.value.compactBytes))
    }

    func holds(_ keyID: String) -> Bool { keys[keyID] != nil }

    /// Whether the key that the token names has signed it.
    func verify(_ token: OIDCToken) async -> Bool {
        guard let key = keys[token.keyID], Self.fits(key, token.algorithm) else { return false }
        let alone = JWTKeyCollection()
        do {
            try await alone.add(jwk: key)
            _ = try await alone.verify(token.text, as: Signed.self)
            return true
        } catch { return false }
    }

    /// The key decides how it is used; the token only agrees (RFC 8725 section 3.1).
    private static func fits(_ key: JWK, _ algorithm: OIDCToken.Algorithm) -> Bool {
        guard key.algorithm.map({ $0.rawValue == algorithm.rawValue }) ?? true else {
            return false
        }
        switch algorithm {
        case .rs256:
            guard let modulus = key.modulus.flatMap({ Base64URL.decode($0[...]) }) else {
                return false
            }
            return key.keyType == .rsa
                && modulus.drop { $0 == 0 }.count * 8 >= smallestRSAModulusBits
        case .es256: return key.keyType == .ecdsa && key.curve?.rawValue == "P-256"
        case .edDSA: return key.keyType == .octetKeyPair && key.curve?.rawValue == "Ed25519"
        }
    }

    /// Only the signature is asked for; what is signed is read by our own reader.
    private struct Signed: JWTPayload {
        func verify(using algorithm: some JWTAlgorithm) {}
    }
}

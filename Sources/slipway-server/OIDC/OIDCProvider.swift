import Foundation
internal import Model
internal import OpenSSL
internal import Orchestrator
internal import Trust

/// Believes what one OpenID provider says of people (OpenID Connect Core 1.0).
struct OIDCProvider: IdentityProvider {
    private let settings: OIDCSettings
    private let keeper: OIDCKeyKeeper

    /// - Throws: ``ServerProblem/configuration(_:)`` for a file of keys that holds none.
    init(_ settings: OIDCSettings) throws(ServerProblem) {
        if let path = settings.keysFile {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw .configuration("oidc_keys_file: there is no file \(path)")
            }
            do { _ = try OIDCKeys(parsing: Array(data)) } catch {
                throw .configuration("oidc_keys_file: \(path): \(error)")
            }
        }
        self.settings = settings
        keeper = OIDCKeyKeeper(settings)
    }

    init(_ settings: OIDCSettings, keeper: OIDCKeyKeeper) {
        self.settings = settings
        self.keeper = keeper
    }

    func principal(showing text: String, at moment: Instant) async -> Principal? {
        // What is not meant for us makes nobody fetch a key.
        guard let token = OIDCToken(text), token.claims.isFor(settings, at: moment),
            let name = name(token.claims), let role = role(token.claims),
            let keys = await keeper.keys(for: token.keyID), await keys.verify(token)
        else { return nil }
        return Principal(
            name: name, role: role, actions: nil, cohorts: nil, token: nil,
            expires: token.claims.instant("exp"))
    }

    /// The first role of the settings that they have a word for.
    private func role(_ claims: OIDCClaims) -> AccessRole? {
        let words = claims.words(at: settings.rolesClaim)
        return settings.roles.first { known in
            words.contains { $0.utf8.elementsEqual(known.word.utf8) }
        }?.role
    }

    /// The claim itself if it can be a name, else one that is made of all of it.
    private func name(_ claims: OIDCClaims) -> OperatorName? {
        let words = claims.words(at: [settings.nameClaim])
        guard let word = words.first, words.count == 1, !word.isEmpty else { return nil }
        if let name = OperatorName(word) { return name }
        let digest = OpenSSLHashing().sha256(Array(word.utf8)).hex
        return OperatorName("\(settings.nameClaim)-\(digest.prefix(32))")
    }
}

internal import Audit
public import Model
internal import Trust
public import Wire

/// Who may do what: the one place where a token is judged.
extension Orchestrator {
    /// How often a token's use is written down, so that reading does not become writing.
    private static let useNotePeriod = Duration.seconds(60)

    /// Whether a token that was good is so still; yes, while the store cannot be asked.
    public func mayStillRead(showing text: String) async -> Bool {
        do {
            _ = try await authorize(showing: text, for: .readFleet, reaching: .nothing)
            return true
        } catch {
            switch error {
            case .stranger, .forbidden: return false
            case .malformed, .unknown, .conflict, .outdated, .invalid, .tooLong, .tooMany,
                .checksum, .store, .signing:
                return true
            }
        }
    }

    /// Who shows `text`, if they may do what they ask for.
    ///
    /// The store is asked each time, so a revocation counts at once and on every server.
    ///
    /// - Parameters:
    ///   - permission: What is asked for; `nil` for what everybody who is known may do.
    ///   - reach: What it would change.
    /// - Throws: ``Refusal/stranger(_:)`` for nobody who is known, in one sentence whatever is
    ///   wrong; ``Refusal/forbidden(_:)`` for somebody who may not.
    public func authorize(
        showing text: String, for permission: Permission?, reaching reach: Reach
    ) async throws(Refusal) -> Principal {
        let moment = now()
        let digest = cryptography.hashing.sha256(Array(text.utf8))
        let token = try await read { store in
            try Self.token(text, digest, store).flatMap { $0.isGood(at: moment) ? $0 : nil }
        }
        guard let principal = await principal(of: token, showing: text, at: moment) else {
            throw .stranger("the token is missing, wrong, expired or revoked")
        }
        try principal.require(permission)
        if principal.cohorts != nil {
            let context = context(at: moment)
            try await read { try self.require(reach, of: principal, $0, in: context) }
        }
        if let token { await noteUse(of: token, at: moment) }
        return principal
    }

    /// Found by its name, or by its digest when somebody else has chosen its text; compared in a
    /// time that tells nothing about either.
    private static func token(
        _ text: String, _ digest: Digest, _ store: any StoreReader
    ) throws -> TokenRecord? {
        let found =
            if let id = TokenText.id(in: text, .access) { try store.token(id) } else {
                try store.token(digest: digest)
            }
        return found.flatMap { $0.digest.isSame(as: digest) ? $0 : nil }
    }

    private func principal(
        of token: TokenRecord?, showing text: String, at moment: Instant
    ) async -> Principal? {
        if let token { return token.principal }
        return await identityProvider?.principal(showing: text, at: moment)
    }

    /// A note that cannot be written is no reason to refuse.
    private func noteUse(of token: TokenRecord, at moment: Instant) async {
        if let last = token.lastUsed, last.advanced(by: Self.useNotePeriod) > moment,
            last <= moment
        {
            return
        }
        try? await write(as: .server, at: moment) { try $0.noteUse(ofToken: token.id, at: moment) }
    }

    public func whoIs(_ principal: Principal) -> WhoAmI {
        WhoAmI(
            name: principal.name, role: principal.role,
            permissions: principal.permissions.sorted { $0.rawValue < $1.rawValue },
            cohorts: principal.cohorts?.sorted(), token: principal.token,
            expires: principal.expires)
    }
}

extension Principal {
    func require(_ permission: Permission?) throws(Refusal) {
        guard let permission, !permissions.contains(permission) else { return }
        throw .forbidden("\(name) has no permission for it: \(permission.rawValue) is needed")
    }
}

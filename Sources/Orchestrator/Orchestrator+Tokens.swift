internal import Audit
public import Model
internal import Trust
public import Wire

/// Tokens of people and machines.
extension Orchestrator {
    /// Makes a token; its text is in this answer and nowhere else.
    ///
    /// - Throws: ``Refusal/forbidden(_:)`` when it would be good for more than `asker` may do
    ///   themselves; ``Refusal/invalid(_:)`` when it would be good for nothing.
    public func makeToken(
        _ request: TokenRequest, by asker: Principal
    ) async throws(Refusal) -> NewToken {
        let moment = now()
        let new = try newText(.access)
        let token = TokenRecord(
            id: new.id, digest: digest(of: new), name: request.name, role: request.role,
            actions: request.actions.map { Set($0) }, cohorts: request.cohorts.map { Set($0) },
            created: moment, createdBy: asker.name,
            expires: request.lifetimeSeconds.map { moment.advanced(by: .seconds($0)) })
        let granted = token.principal.permissions
        guard !granted.isEmpty, token.cohorts?.isEmpty != true else {
            throw .invalid("actions, cohorts: such a token would be good for nothing")
        }
        guard granted.isSubset(of: asker.permissions) else {
            throw .forbidden("\(asker.name) cannot grant more than they may do themselves")
        }
        try await write(as: .operator(asker.name), at: moment) { store in
            for cohort in token.cohorts ?? [] where try store.newestVersion(of: cohort) == nil {
                throw Refusal.invalid("there is no cohort called \(cohort)")
            }
            try store.add(token)
            try store.add(
                .note(
                    "token \(token.id) made for \(token.name) (\(token.role.rawValue))", by: asker,
                    at: moment))
        }
        return NewToken(text: new.text, token: token.summary)
    }

    /// All tokens, the newest first.
    public func tokens() async throws(Refusal) -> [TokenSummary] {
        try await read { store in try store.tokens().map(\.summary) }
    }

    /// Ends a token at once; again changes nothing.
    ///
    /// - Throws: ``Refusal/conflict(_:)`` for the last one by which tokens can be managed: nobody
    ///   could make another.
    public func revokeToken(
        _ id: TokenID, by asker: Principal
    ) async throws(Refusal) -> TokenSummary {
        let moment = now()
        return try await write(as: .operator(asker.name), at: moment) { store in
            guard let token = try store.token(id) else {
                throw Refusal.unknown("there is no token \(id)")
            }
            guard token.revoked == nil else { return token.summary }
            let remains =
                try !token.mayManageTokens
                || store.tokens().contains {
                    $0.id != id && $0.isGood(at: moment) && $0.mayManageTokens
                }
            guard remains else {
                throw Refusal.conflict(
                    "\(id) is the last token by which tokens can be managed; make another first")
            }
            try store.revokeToken(id, at: moment)
            try store.add(.note("token \(id) of \(token.name) revoked", by: asker, at: moment))
            return try store.token(id)?.summary ?? token.summary
        }
    }

    // MARK: The first start

    /// A token that somebody else keeps: as it is in a file.
    public struct KeptToken: Sendable {
        public var name: OperatorName
        public var text: String

        public init(name: OperatorName, text: String) {
            self.name = name
            self.text = text
        }
    }

    /// Whether there has never been a token.
    public func hasNoTokens() async throws(Refusal) -> Bool {
        try await read { try $0.tokens().isEmpty }
    }

    /// A text for a token that is not stored yet.
    public func newTokenText() throws(Refusal) -> String { try newText(.access).text }

    /// Takes over the tokens of a server that has none yet.
    ///
    /// - Parameters:
    ///   - first: May do everything.
    ///   - others: May do what operators could do when their tokens were files, and nothing that
    ///     has come since.
    /// - Returns: Whether they were taken: another server may have been faster.
    public func adopt(
        _ first: KeptToken, _ others: [KeptToken]
    ) async throws(Refusal) -> Bool {
        let moment = now()
        var tokens = [try record(of: first, actions: nil, at: moment)]
        for kept in others {
            tokens.append(try record(of: kept, actions: Self.earlierActions, at: moment))
        }
        let all = tokens
        return try await write(as: .server, at: moment) { store in
            guard try store.tokens().isEmpty else { return false }
            for token in all { try store.add(token) }
            return true
        }
    }

    private static let earlierActions: Set<Permission> = [
        .readFleet, .changeDevices, .admitDevices, .retireDevices, .changeCohorts, .planRollouts,
        .startRollouts, .controlRollouts, .approveRollouts, .publishReleases,
    ]

    private func record(
        of kept: KeptToken, actions: Set<Permission>?, at moment: Instant
    ) throws(Refusal) -> TokenRecord {
        let other = try newText(.access).id
        return TokenRecord(
            id: TokenText.id(in: kept.text, .access) ?? other,
            digest: cryptography.hashing.sha256(Array(kept.text.utf8)), name: kept.name,
            role: .admin, actions: actions, cohorts: nil, created: moment, createdBy: kept.name,
            expires: nil)
    }

    // MARK: Texts

    func newText(_ kind: TokenText.Kind) throws(Refusal) -> TokenText {
        do {
            return TokenText(
                kind, nonces: (try makeNonce(), try makeNonce(), try makeNonce()),
                hashing: cryptography.hashing)
        } catch { throw .signing("\(error)") }
    }

    func digest(of new: TokenText) -> Digest {
        cryptography.hashing.sha256(Array(new.text.utf8))
    }
}

extension TokenRecord {
    fileprivate var mayManageTokens: Bool { principal.permissions.contains(.manageTokens) }

    fileprivate var summary: TokenSummary {
        TokenSummary(
            id: id, name: name, role: role,
            actions: actions?.sorted { $0.rawValue < $1.rawValue }, cohorts: cohorts?.sorted(),
            created: created, createdBy: createdBy, expires: expires, revoked: revoked,
            lastUsed: lastUsed)
    }
}

extension EventRecord {
    /// What somebody did that is about no device and no rollout.
    static func note(_ what: String, by asker: Principal, at moment: Instant) -> EventRecord {
        EventRecord(at: moment, device: nil, rollout: nil, what: "\(what) (\(asker.name))")
    }
}

internal import Audit
public import Model
public import Trust

/// A way back in for whoever owns the database, when no token that manages tokens is left to them.
public enum SpareAdministrator {
    /// Stores a token that may do everything; servers on the database take it at once.
    ///
    /// - Parameters:
    ///   - lifetime: How long it is good for.
    ///   - makeNonce: Gives a name that nobody can guess and that never comes again.
    /// - Returns: Its text, which is nowhere else.
    public static func makeToken(
        for name: OperatorName, lifetime: Duration, in store: any Store, hashing: any Hashing,
        at moment: Instant, makeNonce: () throws -> Nonce
    ) async throws -> String {
        let new = TokenText(
            .access, nonces: (try makeNonce(), try makeNonce(), try makeNonce()),
            hashing: hashing)
        let token = TokenRecord(
            id: new.id, digest: hashing.sha256(Array(new.text.utf8)), name: name, role: .admin,
            actions: nil, cohorts: nil, created: moment, createdBy: name,
            expires: moment.advanced(by: lifetime))
        try await store.write(with: AuditPen(.server, at: moment, hashing: hashing)) { store in
            try store.add(token)
            try store.add(
                EventRecord(
                    at: moment, device: nil, rollout: nil,
                    what: "token \(token.id) made for \(name) (admin) beside the server"))
        }
        return new.text
    }
}

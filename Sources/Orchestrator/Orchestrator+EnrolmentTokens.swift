internal import Audit
public import Model
public import Wire

/// Tokens that let new devices in.
extension Orchestrator {
    /// Makes an enrolment token; its text is in this answer and nowhere else.
    public func makeEnrolmentToken(
        _ request: EnrolmentTokenRequest, by asker: Principal
    ) async throws(Refusal) -> NewEnrolmentToken {
        let moment = now()
        let new = try newText(.enrolment)
        let terms = request.terms
        let token = EnrolmentTokenRecord(
            id: new.id, digest: digest(of: new), note: terms.note, uses: terms.uses,
            hardware: Set(terms.hardware), cohort: terms.cohort, attributes: terms.attributes,
            created: moment, createdBy: asker.name,
            expires: moment.advanced(by: .seconds(request.lifetimeSeconds)))
        try await write(as: .operator(asker.name), at: moment) { store in
            if let cohort = token.cohort, try store.newestVersion(of: cohort) == nil {
                throw Refusal.invalid("there is no cohort called \(cohort)")
            }
            try store.add(token)
            try store.add(
                .note(
                    "enrolment token \(token.id) made for \(token.uses) devices", by: asker,
                    at: moment))
        }
        return NewEnrolmentToken(text: new.text, token: token.summary)
    }

    /// All enrolment tokens, the newest first.
    public func enrolmentTokens() async throws(Refusal) -> [EnrolmentTokenSummary] {
        try await read { store in try store.enrolmentTokens().map(\.summary) }
    }

    /// Ends an enrolment token at once; again changes nothing.
    ///
    /// Devices that it let in stay.
    public func revokeEnrolmentToken(
        _ id: TokenID, by asker: Principal
    ) async throws(Refusal) -> EnrolmentTokenSummary {
        let moment = now()
        return try await write(as: .operator(asker.name), at: moment) { store in
            guard let token = try store.enrolmentToken(id) else {
                throw Refusal.unknown("there is no enrolment token \(id)")
            }
            guard token.revoked == nil else { return token.summary }
            try store.revokeEnrolmentToken(id, at: moment)
            try store.add(.note("enrolment token \(id) revoked", by: asker, at: moment))
            return try store.enrolmentToken(id)?.summary ?? token.summary
        }
    }
}

extension EnrolmentTokenRecord {
    fileprivate var summary: EnrolmentTokenSummary {
        EnrolmentTokenSummary(
            id: id,
            terms: EnrolmentTerms(
                note: note, uses: uses, hardware: hardware.sorted(), cohort: cohort,
                attributes: attributes),
            used: used, created: created, createdBy: createdBy, expires: expires,
            revoked: revoked)
    }
}

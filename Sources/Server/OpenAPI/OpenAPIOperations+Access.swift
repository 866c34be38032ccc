internal import JSON

extension OpenAPIOperations {
    /// What makes a token takes no `Idempotency-Key`: to repeat the answer, its secret would have to
    /// be kept.
    static let access: [OpenAPIOperation] = {
        let whoAmI = operation(
            .get, "whoami", "whoAmI", "access", "Whose token this is, and what it is good for.",
            .json(200, .schema("WhoAmI")))
        let tokens = operation(
            .get, "tokens", "listTokens", "access", "All tokens, the newest first.",
            .json(200, .schema("TokenList")))
        let enrolmentTokens = operation(
            .get, "enrolment-tokens", "listEnrolmentTokens", "access",
            "All enrolment tokens, the newest first.", .json(200, .schema("EnrolmentTokenList")))
        return [
            whoAmI, tokens,
            making(
                "tokens", "makeToken", "Make a token; the only answer that tells its text.",
                "TokenRequest", "NewToken"),
            revoking("tokens", "revokeToken", "End a token at once.", "Token"),
            enrolmentTokens,
            making(
                "enrolment-tokens", "makeEnrolmentToken",
                "Make an enrolment token; the only answer that tells its text.",
                "EnrolmentTokenRequest", "NewEnrolmentToken"),
            revoking(
                "enrolment-tokens", "revokeEnrolmentToken", "End an enrolment token at once.",
                "EnrolmentToken"),
        ]
    }()

    private static func making(
        _ path: String, _ id: String, _ summary: String, _ request: String, _ answer: String
    ) -> OpenAPIOperation {
        var making = operation(
            .post, path, id, "access", summary, .json(201, .schema(answer)))
        making.body = .json(request)
        making.refusals = [413, 422, 507]
        return making
    }

    private static func revoking(
        _ path: String, _ id: String, _ summary: String, _ answer: String
    ) -> OpenAPIOperation {
        var revoking = operation(
            .post, "\(path)/{id}/revoke", id, "access", summary, .json(200, .schema(answer)))
        revoking.refusals = [404, 409, 507]
        return revoking
    }
}

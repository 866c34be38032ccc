internal import JSON

extension OpenAPIOperations {
    static let access: [OpenAPIOperation] =
        [
            operation(
                .get, "whoami", "whoAmI", "access", "Who asks, and what they may do.",
                .json(200, .schema("WhoAmI")))
        ]
        + tokens("tokens", "Token", "NewToken", of: "people and machines")
        + tokens("enrolment-tokens", "EnrolmentToken", "NewEnrolmentToken", of: "new devices")

    private static func tokens(
        _ path: String, _ schema: String, _ newSchema: String, of whom: String
    ) -> [OpenAPIOperation] {
        let list = operation(
            .get, path, "list\(schema)s", "access", "All tokens of \(whom), without their texts.",
            .json(200, .schema("\(schema)List")))
        var make = operation(
            .post, path, "make\(schema)", "access",
            "Make a token of \(whom); the only answer that tells its text.",
            .json(201, .schema(newSchema)))
        make.body = .json("\(schema)Request")
        make.refusals = [404, 409, 413, 422, 507]
        var revoke = operation(
            .post, "\(path)/{id}/revoke", "revoke\(schema)", "access",
            "Let the token be good for nothing from now on.", .json(200, .schema(schema)))
        revoke.refusals = [404, 409, 422, 507]
        return [list, make, revoke]
    }
}

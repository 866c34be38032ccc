internal import Audit
internal import JSON

extension OpenAPIOperations {
    static let audit: [OpenAPIOperation] = {
        var list = operation(
            .get, "audit", "listAudit", "audit",
            "Rows of the log of changes: the newest, or those after a number.",
            .json(200, .schema("AuditPage")))
        list.parameters = [
            .query("subject", "Only changes of this, such as rollout:r-1.", subject),
            .query("actor", "Only changes by this, such as operator:ada.", actor),
            .query(
                "limit", "The most rows; 100 by default, and never more than 500.",
                ["type": "integer", "minimum": 1, "maximum": 9_223_372_036_854_775_807]),
            .query("after", "The number of the last row that is known.", .schema("EventNumber")),
        ]
        var newest = operation(
            .get, "audit/checkpoint", "getCheckpoint", "audit",
            "The newest signed checkpoint of the log.", .json(200, .schema("Signed")))
        newest.refusals = [404]
        var sign = operation(
            .post, "audit/checkpoint", "signCheckpoint", "audit", "Sign the log as it is now.",
            .json(200, .schema("Signed")))
        sign.refusals = [404, 409, 422, 507]
        return [list, newest, sign]
    }()

    private static let name = "[A-Za-z0-9_:][A-Za-z0-9._:-]{0,63}"

    private static let subject = OpenAPISchemas.pattern(
        "^(\(AuditSubject.Kind.allCases.map(\.rawValue).joined(separator: "|"))):.{1,256}$")

    private static let actor = OpenAPISchemas.pattern(
        "^(server|stranger|(device|operator):\(name))$")
}

extension OpenAPISchemas {
    static let audit: [(String, JSONValue)] = [
        (
            "AuditPage",
            object(
                ["rows", "checkpoints"],
                ["rows": list("AuditRow"), "checkpoints": list("Signed")])
        ),
        (
            "AuditRow",
            object(
                ["number", "at", "actor", "action", "subject", "previous", "sha256"],
                [
                    "number": .schema("EventNumber"), "at": .schema("Moment"), "actor": text,
                    "action": text, "subject": text, "device": .schema("Name"),
                    "rollout": .schema("Name"), "previous": .schema("Digest"),
                    "sha256": .schema("Digest"),
                ])
        ),
        (
            "Signed",
            object(
                ["signed", "signatures"],
                ["signed": ["type": "object"], "signatures": list(["type": "object"])])
        ),
    ]
}

internal import Model
internal import Orchestrator

extension SQLTransaction {
    func answeredRequest(_ key: String, by operator: OperatorName) throws -> AnsweredRequest? {
        try rows(
            "SELECT * FROM answered_requests WHERE operator = ? AND request_key = ?",
            [`operator`.text, key]
        ).first.map { row in
            AnsweredRequest(
                key: RequestKey(
                    key: key, by: `operator`,
                    request: try row.value("request_sha256") { Digest(hex: $0) }),
                answer: Array((row["answer"] as String).utf8), at: row.instant("at_s"))
        }
    }

    func add(_ answered: AnsweredRequest) throws {
        try insert(
            [
                Column("operator", answered.key.by.text), Column("request_key", answered.key.key),
                Column("request_sha256", answered.key.request.hex),
                Column("answer", String(decoding: answered.answer, as: UTF8.self)),
                Column("at_s", answered.at.secondsSinceEpoch),
            ], into: "answered_requests")
    }

    func removeAnsweredRequests(before moment: Instant) throws {
        try execute(
            "DELETE FROM answered_requests WHERE at_s < ?", [moment.secondsSinceEpoch])
    }
}

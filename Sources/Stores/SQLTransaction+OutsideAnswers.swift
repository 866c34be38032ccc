internal import Audit
internal import Model
internal import Orchestrator
internal import Rollouts

extension SQLTransaction {
    func outsideAnswers(
        of rollout: RolloutName, revision: Int64
    ) throws -> [CheckName: AskedAnswer] {
        let rows = try self.rows(
            "SELECT * FROM outside_answers WHERE number IN (SELECT max(number) FROM outside_answers"
                + " WHERE rollout = ? AND revision = ? GROUP BY check_name)",
            [rollout.text, revision])
        return Dictionary(
            try rows.map { row in
                (
                    try row.value("check_name") { CheckName($0) },
                    AskedAnswer(try OutsideAnswer(row), asked: row.instant("asked_s"))
                )
            }, uniquingKeysWith: { first, _ in first })
    }

    func add(_ answer: OutsideAnswerRecord) throws {
        try execute(
            "INSERT INTO outside_answers (rollout, check_name, wave, revision, asked_s, answer,"
                + " detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                answer.rollout.text, answer.check.text, answer.wave, answer.revision,
                answer.asked.asked.secondsSinceEpoch, answer.asked.answer.word,
                answer.asked.answer.detail,
            ])
        try audit(
            .outsideAnswered, AuditSubject(.rollout, answer.rollout), rollout: answer.rollout,
            from: nil,
            to: [
                Column("check", answer.check.text), Column("wave", answer.wave),
                Column("revision", answer.revision),
                Column("asked_s", answer.asked.asked.secondsSinceEpoch),
                Column("answer", answer.asked.answer.word),
                Column("detail", answer.asked.answer.detail),
            ])
    }
}

extension OutsideAnswer {
    fileprivate init(_ row: SQLRow) throws {
        let word: String = row["answer"]
        switch word {
        case "pass": self = .pass
        case "fail": self = .fail(row["detail"])
        case "unknown": self = .unknown(row["detail"])
        default: throw StoreError.failed("the answer of a check is \(word)")
        }
    }

    fileprivate var detail: String? {
        switch self {
        case .pass: nil
        case .fail(let detail), .unknown(let detail): detail
        }
    }
}

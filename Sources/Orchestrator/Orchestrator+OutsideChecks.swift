internal import Audit
internal import Model
internal import Rollouts

extension Orchestrator {
    /// Asks the outside checks of running rollouts for which it is time, and waits for the answers.
    ///
    /// Nobody is asked inside a transaction. Each answer is stored as it comes, and the gate looks at
    /// it in the same transaction. Safe to call at any time and as often as one likes, also while an
    /// earlier call waits: at most 8 questions are under way at once, and what finds no place is
    /// left for the next call.
    ///
    /// An answer that comes when `right` is no longer good is dropped: whoever steps then asks anew.
    ///
    /// - Throws: ``Refusal``, the first, after all answers have come.
    public func askOutsideChecks(by right: SteppingRight) async throws(Refusal) {
        // Looked at first: an answer that is stored while we read must not be asked for again.
        let asked = underWay.all
        let due = try await dueQuestions().filter {
            !asked.contains($0.key) && underWay.begin($0.key)
        }
        let problem = await withTaskGroup(of: Refusal?.self) { group in
            for question in due {
                group.addTask {
                    defer { underWay.end(question.key) }
                    return await ask(question, by: right)
                }
            }
            return await group.reduce(nil) { $0 ?? $1 }
        }
        if let problem { throw problem }
    }

    /// A check that is to be asked, and what whoever answers is told.
    private struct DueQuestion: Sendable {
        let check: OutsideCheck
        var question: OutsideQuestion
        let revision: Int64
        let lastAsked: Instant?

        var key: QuestionsUnderWay.Key {
            QuestionsUnderWay.Key(
                rollout: question.rollout, revision: revision, check: check.name)
        }
    }

    /// Those that have waited longest come first.
    private func dueQuestions() async throws(Refusal) -> [DueQuestion] {
        let moment = now()
        let due = try await read { store in
            // A rollout that cannot be read opens no wave anyway; `step` tells of it.
            try store.rollouts().flatMap { rollout in
                guard let plan = try? plan(of: rollout), !plan.spec.gate.checks.isEmpty else {
                    return [DueQuestion]()
                }
                return try dueQuestions(of: rollout, plan, store, at: moment)
            }
        }
        func order(_ question: DueQuestion) -> Int64 {
            question.lastAsked?.secondsSinceEpoch ?? .min
        }
        return due.sorted { order($0) < order($1) }
    }

    private func dueQuestions(
        of rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreReader,
        at moment: Instant
    ) throws -> [DueQuestion] {
        guard case .running(let wave, let since, _) = rollout.state else { return [] }
        let latest = try store.outsideAnswers(of: rollout.name, revision: rollout.revision)
        let tallies = try store.tallies(
            of: rollout.name, at: moment, outsidePausedStrata: false)
        let question = OutsideQuestion(
            rollout: rollout.name, release: plan.spec.release, wave: wave,
            waveName: plan.waves[wave].spec.name, since: since,
            proven: tallies.reduce(0) { $0 + $1.proven },
            failed: tallies.reduce(0) { $0 + $1.failures.total }, now: moment)
        return plan.spec.gate.checks.compactMap { check in
            let last = latest[check.name]?.asked
            guard check.isDue(at: moment, lastAsked: last) else { return nil }
            return DueQuestion(
                check: check, question: question, revision: rollout.revision, lastAsked: last)
        }
    }

    /// Asks one question and stores the answer; returns what kept it from being stored.
    private func ask(_ due: DueQuestion, by right: SteppingRight) async -> Refusal? {
        var question = due.question
        // What counts is when whoever answers begins to look.
        question.now = now()
        let answer = await outside.answer(due.check, about: question).bounded
        // What a server said while it was told to end speaks of its end.
        guard !Task.isCancelled else { return nil }
        let record = OutsideAnswerRecord(
            rollout: question.rollout, check: due.check.name, wave: question.wave,
            revision: due.revision, asked: AskedAnswer(answer, asked: question.now))
        let moment = now()
        do {
            try await write(as: .server, at: moment) { store in
                guard try store.isGood(right) else { return }
                try add(record, store, at: moment)
                try askGate(of: record.rollout, store, at: moment)
            }
            return nil
        } catch { return error }
    }

    /// The log tells of changes; every answer is in a table of its own.
    private func add(
        _ record: OutsideAnswerRecord, _ store: any StoreWriter, at moment: Instant
    ) throws {
        let before = try store.outsideAnswers(of: record.rollout, revision: record.revision)[
            record.check]
        try store.add(record)
        guard before?.answer.word != record.asked.answer.word else { return }
        try store.add(
            EventRecord(
                at: moment, device: nil, rollout: record.rollout,
                what: "check \(record.check) about wave \(record.wave + 1): \(record.asked.answer)"
            ))
    }

    /// The answers that the gate of the open wave may go by.
    func outsideAnswers(
        for rollout: RolloutRecord, _ plan: RolloutPlan, _ store: any StoreReader
    ) throws -> [CheckName: AskedAnswer] {
        guard !plan.spec.gate.checks.isEmpty else { return [:] }
        return try store.outsideAnswers(of: rollout.name, revision: rollout.revision)
    }
}

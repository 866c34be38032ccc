internal import Orchestrator

/// What somebody wants to have done in a transaction, and waits for.
struct WaitingBody: Sendable {
    /// Runs it; the answer is still to be given.
    let run: @Sendable (SQLTransaction) -> RunBody
    /// Answers by an error, without running it.
    let refuse: @Sendable (StoreError) -> Void

    init<Answer: Sendable>(
        _ body: @escaping @Sendable (SQLTransaction) throws -> Answer,
        _ continuation: CheckedContinuation<Answer, any Error>
    ) {
        run = { transaction in
            do {
                let answer = try body(transaction)
                return RunBody(
                    thrown: nil, answer: { continuation.resume(returning: answer) },
                    refuse: { continuation.resume(throwing: $0) })
            } catch {
                // Its own error says more than what happened to others.
                return RunBody(
                    thrown: error, answer: { continuation.resume(throwing: error) },
                    refuse: { _ in continuation.resume(throwing: error) })
            }
        }
        refuse = { continuation.resume(throwing: $0) }
    }
}

/// A body that has run; exactly one of its closures is called.
struct RunBody {
    let thrown: (any Error)?
    /// Gives the answer, once it is true.
    let answer: () -> Void
    /// Says that what the body did was not stored.
    let refuse: (StoreError) -> Void
}

/// Bodies that wait, in the order in which they came.
struct WaitingLine {
    /// More are refused at once: who waits behind so many would have given up.
    static let limit = 10_000
    /// Where each one fails only after a wait, as with a table that somebody has locked, the last of
    /// many would be answered after hours.
    static let standardPatience = Duration.seconds(10)

    /// How long somebody waits at most before their turn; `nil` for as long as it takes.
    let patience: Duration?
    private var bodies: [(body: WaitingBody, came: ContinuousClock.Instant)] = []
    /// How many at the front of `bodies` have left.
    private var leftCount = 0
    /// How many have come so far.
    private(set) var arrivedCount = 0

    var count: Int { bodies.count - leftCount }

    init(patience: Duration?) { self.patience = patience }

    /// - Throws: ``StoreError/busy`` when the line is full.
    mutating func append(_ body: WaitingBody) throws(StoreError) {
        guard count < Self.limit else { throw .busy }
        bodies.append((body, .now))
        arrivedCount += 1
    }

    /// The first, unless fewer than `horizon` had come before it, and whether it has waited for so
    /// long that it is to be refused.
    mutating func popFirst(before horizon: Int) -> (body: WaitingBody, isLate: Bool)? {
        guard count > 0, arrivedCount - count < horizon else { return nil }
        let (body, came) = bodies[leftCount]
        leftCount += 1
        if leftCount == bodies.count || leftCount > 1024 {
            bodies.removeFirst(leftCount)
            leftCount = 0
        }
        return (body, patience.map { ContinuousClock.now - came > $0 } ?? false)
    }
}

internal import Dispatch
internal import Orchestrator
internal import Synchronization

/// Runs bodies that write, as many as wait in one transaction, so that one sync to the disk is
/// enough for all of them.
///
/// Each has a savepoint of its own: one that throws leaves nothing behind and harms no other.
/// Nobody gets an answer before the commit, and when that fails nobody gets a good one.
final class WriteGroups: Sendable {
    /// How many bodies share a transaction at most.
    private static let bodyLimit = 128
    /// After so long no further body is taken in: those that have run wait for the commit.
    private static let longest = Duration.milliseconds(10)

    private struct State {
        var line = WaitingLine(patience: WaitingLine.standardPatience)
        var isRunning = false
    }

    private let engine: any SQLEngine
    private let state = Mutex(State())
    private let thread = DispatchQueue(label: "slipway.store.write")

    init(_ engine: any SQLEngine) { self.engine = engine }

    var waitingCount: Int { state.withLock { $0.line.count } }

    func submit(_ body: WaitingBody) {
        do {
            let wakes = try state.withLock { state throws(StoreError) in
                try state.line.append(body)
                defer { state.isRunning = true }
                return !state.isRunning
            }
            if wakes { thread.async { self.runAll() } }
        } catch { body.refuse(error) }
    }

    private func runAll() {
        while hasMore() { runGroup() }
    }

    private func hasMore() -> Bool {
        state.withLock { state in
            state.isRunning = state.line.count > 0
            return state.isRunning
        }
    }

    private func next() -> WaitingBody? {
        while let (body, isLate) = state.withLock({ $0.line.popFirst(before: .max) }) {
            guard isLate else { return body }
            body.refuse(.busy)
        }
        return nil
    }

    private func runGroup() {
        var done: [RunBody] = []
        do {
            try engine.write { connection throws(StoreError) in
                try run(&done, on: connection)
                return done.contains { $0.thrown == nil }
            }
            for body in done { body.answer() }
        } catch {
            for body in done { body.refuse(error) }
            // The transaction did not even begin: without this the next one would try for long, too,
            // for each who waits.
            if done.isEmpty { refuseAll(error) }
        }
    }

    private func run(
        _ done: inout [RunBody], on connection: any SQLConnection
    ) throws(StoreError) {
        let start = ContinuousClock.now
        while done.count < Self.bodyLimit, ContinuousClock.now - start < Self.longest,
            let body = next()
        {
            do { try connection.begin() } catch {
                body.refuse(error)
                throw error
            }
            let result = body.run(SQLTransaction(connection: connection, trail: nil))
            // Kept first: whoever has run is answered, whatever becomes of the transaction.
            done.append(result)
            do { try connection.end(undoing: result.thrown != nil) } catch {
                // A full disk ends the whole transaction, savepoints and all; that is what is told.
                throw result.thrown as? StoreError ?? error
            }
        }
    }

    private func refuseAll(_ error: StoreError) {
        let horizon = state.withLock { $0.line.arrivedCount }
        while let (body, _) = state.withLock({ $0.line.popFirst(before: horizon) }) {
            body.refuse(error)
        }
    }
}

extension SQLConnection {
    fileprivate func begin() throws(StoreError) { _ = try execute("SAVEPOINT body", []) }

    fileprivate func end(undoing: Bool) throws(StoreError) {
        if undoing { _ = try execute("ROLLBACK TO SAVEPOINT body", []) }
        _ = try execute("RELEASE SAVEPOINT body", [])
    }
}

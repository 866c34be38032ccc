internal import Dispatch
internal import Orchestrator
internal import Synchronization

/// Runs bodies that read, on a few readers, several on one snapshot.
///
/// A reader takes one after another of those who came before its snapshot was made, so that nobody
/// reads what was before their own writes; one that takes long keeps nobody but itself waiting while
/// another reader is free.
final class ReadGroups: Sendable {
    private struct State {
        var line: WaitingLine
        var idle: [DispatchQueue]
    }

    private let engine: any SQLEngine
    private let state: Mutex<State>

    /// - Parameter patience: How long somebody waits at most before their turn.
    init(_ engine: any SQLEngine, readerCount: Int, patience: Duration?) {
        self.engine = engine
        state = Mutex(
            State(
                line: WaitingLine(patience: patience),
                idle: (0..<readerCount).map { DispatchQueue(label: "slipway.store.read.\($0)") }))
    }

    var waitingCount: Int { state.withLock { $0.line.count } }

    func submit(_ body: WaitingBody) {
        do {
            let reader = try state.withLock { state throws(StoreError) in
                try state.line.append(body)
                return state.idle.popLast()
            }
            if let reader { reader.async { self.runAll(on: reader) } }
        } catch { body.refuse(error) }
    }

    private func runAll(on reader: DispatchQueue) {
        while let horizon = horizon(orRest: reader) { runGroup(before: horizon) }
    }

    /// How many had come by now; `nil`, and the reader rests, when nobody waits.
    private func horizon(orRest reader: DispatchQueue) -> Int? {
        state.withLock { state in
            guard state.line.count == 0 else { return state.line.arrivedCount }
            state.idle.append(reader)
            return nil
        }
    }

    private func next(before horizon: Int) -> WaitingBody? {
        while let (body, isLate) = state.withLock({ $0.line.popFirst(before: horizon) }) {
            guard isLate else { return body }
            body.refuse(.busy)
        }
        return nil
    }

    private func runGroup(before horizon: Int) {
        do {
            try engine.read { connection in
                while let body = next(before: horizon) {
                    let result = body.run(SQLTransaction(connection: connection, trail: nil))
                    result.answer()
                    // Perhaps the connection was lost, or the transaction cannot go on.
                    if result.thrown != nil { return }
                }
            }
        } catch {
            // No snapshot was to be had; who asked for one is told, and does not wait for the next.
            while let body = next(before: horizon) { body.refuse(error) }
        }
    }
}

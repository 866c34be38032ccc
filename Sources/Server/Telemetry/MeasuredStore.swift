public import Audit
public import Orchestrator
internal import Telemetry

/// A store that tells how long its transactions take.
public struct MeasuredStore: Store {
    private let store: any Store
    private let observatory: Observatory

    public init(_ store: any Store, _ observatory: Observatory) {
        self.store = store
        self.observatory = observatory
    }

    public func read<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer {
        try await measure(.read) { try await store.read(body) }
    }

    public func readFleet<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer {
        try await measure(.read) { try await store.readFleet(body) }
    }

    public func write<Answer: Sendable>(
        with pen: AuditPen, _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws -> Answer {
        try await measure(.write) { try await store.write(with: pen, body) }
    }

    private func measure<Answer: Sendable>(
        _ kind: TransactionKind, _ body: () async throws -> Answer
    ) async throws -> Answer {
        let start = observatory.clock.monotonicNanoseconds()
        let waiting = observatory.metrics.transactionsInFlight[kind.rawValue]
        waiting.add(1)
        defer { waiting.add(-1) }
        do {
            let answer = try await body()
            note(kind, "ok", since: start)
            return answer
        } catch {
            note(kind, Self.word(for: error), since: start)
            throw error
        }
    }

    private func note(_ kind: TransactionKind, _ result: String, since start: UInt64) {
        observatory.metrics.transactions[kind.rawValue, result]
            .observe(observatory.clock.seconds(since: start))
        Trace.current?.add(
            "store \(kind.rawValue)", since: start, isError: result != "ok" && result != "refused")
    }

    private static func word(for error: any Error) -> String {
        guard let error = error as? StoreError else { return "refused" }
        return switch error {
        case .busy: "busy"
        case .unreachable: "unreachable"
        case .full: "full"
        case .conflict: "conflict"
        case .foreign, .failed: "failed"
        }
    }
}

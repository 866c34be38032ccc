internal import Audit
internal import Orchestrator
internal import Stores
internal import Synchronization

/// A store that knows how long others had to wait for one write at most.
final class WriteWatch: Store {
    private let store: SQLiteStore
    private let longest = Mutex(0.0)

    init(_ store: SQLiteStore) { self.store = store }

    var longestMilliseconds: Double { longest.withLock { $0 } }

    func forget() { longest.withLock { $0 = 0 } }

    func read<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer { try await store.read(body) }

    func readFleet<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer { try await store.readFleet(body) }

    func write<Answer: Sendable>(
        with pen: AuditPen, _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws -> Answer {
        let begin = ContinuousClock.now
        defer {
            let took = WallTime.seconds(.now - begin) * 1000
            longest.withLock { $0 = max($0, took) }
        }
        return try await store.write(with: pen, body)
    }
}

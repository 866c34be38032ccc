internal import Audit
internal import Orchestrator
internal import Stores

/// The database as one server process sees it; what was committed outlives the process.
struct ServerStore: Store {
    let database: MemoryStore
    let life: ServerLife

    func read<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer {
        // Where a read fails makes no difference.
        guard try await life.beginEffect() == nil else { throw StoreError.busy }
        return try await database.read(body)
    }

    func write<Answer: Sendable>(
        with pen: AuditPen, _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws -> Answer {
        switch try await life.beginEffect() {
        case nil: return try await database.write(with: pen, body)
        case .before: throw StoreError.busy
        case .inside:
            return try await database.write(with: pen) { store in
                _ = try body(store)
                throw StoreError.busy
            }
        case .after:
            _ = try await database.write(with: pen, body)
            throw StoreError.busy
        }
    }
}

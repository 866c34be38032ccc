import Audit
import Orchestrator
import Synchronization

/// A real store that takes only so many more writes.
final class FlakyStore: Store {
    private let base: any Store
    private let left = Mutex<Int?>(nil)

    init(_ base: any Store) { self.base = base }

    func allow(writes count: Int?) { left.withLock { $0 = count } }

    func read<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer { try await base.read(body) }

    func write<Answer: Sendable>(
        with pen: AuditPen, _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws -> Answer {
        let isAllowed = left.withLock { left in
            guard let count = left else { return true }
            left = max(0, count - 1)
            return count > 0
        }
        guard isAllowed else { throw StoreError.busy }
        return try await base.write(with: pen, body)
    }
}

import Audit
import Orchestrator
import Synchronization

/// A real store of which one write to come fails, in one of three ways.
final class FaultyStore: Store {
    /// When the write fails.
    enum Fault: String, CaseIterable {
        /// Before it begins.
        case before
        /// With everything written and nothing committed.
        case inside
        /// After it was committed: only the answer is lost.
        case after
    }

    private let base: any Store
    private let armed = Mutex<(fault: Fault, writesLeft: Int)?>(nil)

    init(_ base: any Store) { self.base = base }

    /// The write after so many others fails.
    func arm(_ fault: Fault, afterWrites count: Int) {
        armed.withLock { $0 = (fault, count) }
    }

    func disarm() { armed.withLock { $0 = nil } }

    func read<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer { try await base.read(body) }

    func write<Answer: Sendable>(
        with pen: AuditPen, _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws -> Answer {
        switch nextFault() {
        case nil: return try await base.write(with: pen, body)
        case .before: throw StoreError.busy
        case .inside:
            return try await base.write(with: pen) { store in
                _ = try body(store)
                throw StoreError.busy
            }
        case .after:
            _ = try await base.write(with: pen, body)
            throw StoreError.busy
        }
    }

    private func nextFault() -> Fault? {
        armed.withLock { armed in
            guard let (fault, writesLeft) = armed else { return nil }
            armed = writesLeft > 0 ? (fault, writesLeft - 1) : nil
            return writesLeft > 0 ? nil : fault
        }
    }
}

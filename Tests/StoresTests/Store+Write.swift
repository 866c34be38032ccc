import Audit
import OpenSSL
import Orchestrator

extension Store {
    /// Changes something where the test does not ask who did.
    func write<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws -> Answer {
        let pen = AuditPen(.server, at: SQLiteStoreTests.at(1), hashing: OpenSSLHashing())
        return try await write(with: pen, body)
    }
}

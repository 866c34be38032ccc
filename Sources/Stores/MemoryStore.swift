public import Audit
internal import GRDB
public import Orchestrator

/// The orchestrator's store in memory, with the SQL of the others, for simulations and tests.
///
/// Nothing waits and no other thread takes part: a body runs where it is called, to its end. So the
/// same calls in the same order leave the same rows.
public final class MemoryStore: Store {
    private let queue: DatabaseQueue

    public init() throws(StoreError) {
        do {
            queue = try DatabaseQueue()
            try queue.inDatabase { try SQLiteStore.migrate($0) }
        } catch { throw StoreError(sqlite: error, path: "the database in memory") }
    }

    public func read<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer {
        try queue.inDatabase { database in
            try body(SQLTransaction(connection: SQLiteConnection(database), trail: nil))
        }
    }

    public func write<Answer: Sendable>(
        with pen: AuditPen, _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws -> Answer {
        try queue.inDatabase { database in
            var answer: Answer?
            try database.inTransaction(.immediate) {
                answer = try body(
                    SQLTransaction(
                        connection: SQLiteConnection(database), trail: AuditTrail(pen)))
                return .commit
            }
            guard let answer else { preconditionFailure("what was committed has an answer") }
            return answer
        }
    }

    // MARK: Looking in from outside

    /// The rows of an answer, by column; what is null is missing.
    public func rows(_ sql: String) throws(StoreError) -> [[String: String]] {
        try translating { database in
            try Row.fetchAll(database.cachedStatement(sql: sql)).map { row in
                var columns: [String: String] = [:]
                for (name, value) in row {
                    columns[name] = String.fromDatabaseValue(value) ?? Self.number(value)
                }
                return columns
            }
        }
    }

    /// The first column of the first row as a number; 0 where there is none.
    public func number(_ sql: String) throws(StoreError) -> Int64 {
        try translating { try Int64.fetchOne($0.cachedStatement(sql: sql)) ?? 0 }
    }

    /// Changes the tables as somebody does who has the database, and nobody's permission.
    public func tamper(_ sql: String) throws(StoreError) {
        try translating { try $0.execute(sql: sql) }
    }

    private static func number(_ value: DatabaseValue) -> String? {
        Int64.fromDatabaseValue(value).map { "\($0)" }
    }

    private func translating<Answer>(
        _ body: (Database) throws -> Answer
    ) throws(StoreError) -> Answer {
        do { return try queue.inDatabase(body) } catch {
            throw StoreError(sqlite: error, path: "the database in memory")
        }
    }
}

public import Audit
public import Orchestrator
internal import Postgres

/// The orchestrator's store in a PostgreSQL database (version 15 or later), which several servers may
/// share.
///
/// A write that returned is committed on the server's disk. While the server cannot be reached,
/// everything fails with ``StoreError/busy``, and goes on when it is back.
public struct PostgresStore: Store {
    private let transactions: GroupedTransactions

    private static let oldestVersion = 150_000

    /// Connects to the database, and makes the tables that it lacks.
    ///
    /// - Parameter url: `postgres://user@host/database`, or another connection string of libpq.
    /// - Throws: ``StoreError/foreign(_:)`` for a database of another program or of a newer version;
    ///   it is left as it was. ``StoreError/failed(_:)`` when there is no connection.
    public init(url: String) throws(StoreError) {
        try self.init(url: url, steps: Schema.migrations)
    }

    init(url: String, steps: [String]) throws(StoreError) {
        let pool = PostgresPool(url: url, setup: PostgresEngine.setup)
        do {
            var failure: (any Error)?
            try pool.transaction(
                begin: PostgresEngine.beginMigrating,
                patience: PostgresEngine.patienceForMigrating
            ) { connection, _ throws(PostgresError) in
                do {
                    try Self.refuseOld(connection)
                    try PostgresSchema(connection: connection, steps: steps).migrate()
                } catch {
                    failure = error
                    return
                }
                try connection.commit()
            }
            if let failure { throw failure }
        } catch let error as StoreError { throw error } catch {
            throw .failed("PostgreSQL: \(error)")
        }
        transactions = GroupedTransactions(PostgresEngine(pool: pool, schemaVersion: steps.count))
    }

    static func refuseOld(_ connection: PostgresConnection) throws {
        let answer = try connection.run("SELECT current_setting('server_version_num')::bigint")
        guard case .integer(let version) = answer.rows.first?.first, version >= oldestVersion else {
            throw StoreError.foreign("the PostgreSQL server is older than version 15")
        }
    }

    /// How many wait for their turn, for those who watch the server.
    public var depth: StoreDepth { transactions.depth }

    public func read<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer { try await transactions.read(body) }

    public func readFleet<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer { try await transactions.readFleet(body) }

    public func write<Answer: Sendable>(
        with pen: AuditPen, _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws -> Answer { try await transactions.write(with: pen, body) }
}

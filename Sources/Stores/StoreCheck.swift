internal import GRDB
public import Orchestrator
internal import Postgres

/// Looks whether a database holds together, and changes nothing.
///
/// It does as a file, by its schema, and by what must always be true of a fleet.
public enum StoreCheck {
    /// What is wrong with the file; empty when all is well.
    ///
    /// A server may be using it meanwhile.
    public static func problems(ofSQLite path: String) throws(StoreError) -> [String] {
        do {
            let version = try SQLiteStore.versionOfOurs(path)
            let queue = try DatabaseQueue(path: path, configuration: SQLiteStore.readOnly)
            return try queue.read { database in
                let damage = try String.fetchAll(database, sql: "PRAGMA integrity_check")
                guard damage == ["ok"] else { return damage }
                var problems = try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").map {
                    "\($0["table"] as String): a row refers to nothing"
                }
                problems += try self.problems(
                    version: version, on: SQLiteConnection(database))
                return problems
            }
        } catch { throw StoreError(sqlite: error, path: path) }
    }

    /// What is wrong with the PostgreSQL database; empty when all is well.
    public static func problems(ofPostgres url: String) throws(StoreError) -> [String] {
        let pool = PostgresPool(url: url, setup: PostgresEngine.setup)
        var answer: Result<[String], any Error> = .success([])
        do {
            try pool.transaction(begin: PostgresEngine.beginReading) { connection, _ in
                answer = Result {
                    let version = try PostgresSchema(
                        connection: connection, steps: Schema.migrations
                    ).storedVersion()
                    return try problems(version: version, on: PostgresLink(connection))
                }
            }
            return try answer.get()
        } catch let error as StoreError { throw error } catch {
            throw .failed("PostgreSQL: \(error)")
        }
    }

    private static func problems(
        version: Int, on connection: any SQLConnection
    ) throws -> [String] {
        guard version == Schema.migrations.count else {
            return [
                "it has schema \(version), and this slipway-server works with"
                    + " \(Schema.migrations.count): start the server once to bring it there"
            ]
        }
        return try invariants.flatMap { rule, query in
            try connection.rows("\(query) LIMIT \(rowLimit)", []).map { row in
                "\(rule): \(row["what"] as String)"
            }
        }
    }

    /// How many rows are told of each rule that is broken.
    private static let rowLimit = 20

    /// Queries that find nothing in a database that holds together.
    private static let invariants = [
        (
            "an open offer is decided, or one that is over is not",
            "SELECT nonce AS what FROM offers WHERE (outcome = 'open') <> (decided_s IS NULL)"
        ),
        (
            "a lease is counted that is over",
            """
            SELECT v.nonce AS what FROM lease_values v JOIN offers o ON o.nonce = v.nonce
                WHERE o.outcome <> 'open'
            """
        ),
        (
            "a device that has an offer has no attempt",
            """
            SELECT o.rollout || ' ' || o.device AS what FROM offers o WHERE o.outcome = 'open'
                AND NOT EXISTS (SELECT 1 FROM attempts a
                    WHERE a.rollout = o.rollout AND a.device = o.device)
            """
        ),
        (
            "a device counts as proven without a proof",
            """
            SELECT a.rollout || ' ' || a.device AS what FROM attempts a
                WHERE a.standing = 'proven' AND NOT EXISTS (SELECT 1 FROM offers o
                    WHERE o.rollout = a.rollout AND o.device = a.device
                    AND o.outcome = 'proven')
            """
        ),
        (
            "a rollout has no waves",
            """
            SELECT r.name AS what FROM rollouts r
                WHERE NOT EXISTS (SELECT 1 FROM waves w WHERE w.rollout = r.name)
            """
        ),
        (
            "a rollout is not in the state that history has last",
            """
            SELECT r.name AS what FROM rollouts r WHERE r.state <> (SELECT h.state
                FROM rollout_history h WHERE h.rollout = r.name ORDER BY h.number DESC LIMIT 1)
            """
        ),
    ]
}

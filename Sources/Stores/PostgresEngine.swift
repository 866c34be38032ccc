internal import Orchestrator
internal import Postgres

/// Transactions of PostgreSQL.
///
/// Several servers may use one database: a transaction that writes takes a lock that there is once
/// for all of them, so that what it counts stays true until it commits.
struct PostgresEngine: SQLEngine {
    let pool: PostgresPool
    /// The schema that this server writes.
    let schemaVersion: Int

    /// Each connection's own settings.
    ///
    /// Nobody waits for a lock for longer than SQLite does; a server
    /// that hangs in the middle of a transaction loses it; and what is committed is on the disk,
    /// whatever the database's default.
    static let setup = """
        SET lock_timeout = '5s';
        SET statement_timeout = '60s';
        SET idle_in_transaction_session_timeout = '8s';
        SET standard_conforming_strings = on;
        SELECT set_config('synchronous_commit', 'on', false)
            WHERE current_setting('synchronous_commit') = 'off';
        """
    /// The lock is our own number; others use other databases.
    private static let beginWriting =
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock(\(lock))"
    /// Tables may be large, and others may be reading them.
    static let beginMigrating =
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL statement_timeout = 0;"
        + " SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(\(lock))"
    static let patienceForMigrating = PostgresPatience(
        begin: .seconds(65), statement: nil, commit: nil)
    private static let beginChanging = "\(beginWriting); SELECT version FROM slipway_schema"
    static let beginReading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    private static let lock = Schema.applicationID

    func write(
        _ work: (any SQLConnection) throws(StoreError) -> Bool
    ) throws(StoreError) {
        var failure: StoreError?
        do throws(PostgresError) {
            try pool.transaction(begin: Self.beginChanging) {
                connection, begun throws(PostgresError) in
                // What this server does not know of, it would leave as it was.
                guard begun.rows == [[.integer(Int64(schemaVersion))]] else {
                    failure = Self.refusal(begun)
                    return
                }
                do throws(StoreError) {
                    guard try work(PostgresLink(connection)) else { return }
                } catch {
                    failure = error
                    return
                }
                try connection.commit()
            }
        } catch { throw StoreError(postgres: error) }
        if let failure { throw failure }
    }

    private static func refusal(_ begun: PostgresAnswer) -> StoreError {
        if case .integer(let version)? = begun.rows.first?.first,
            MoveMark.schema(ofMarked: Int(version)) != nil
        {
            return .foreign("the database was given up: its fleet is in another one")
        }
        return .foreign(
            "another slipway-server has changed the database's tables; update this one")
    }

    func read(_ work: (any SQLConnection) -> Void) throws(StoreError) {
        do throws(PostgresError) {
            try pool.transaction(begin: Self.beginReading) { connection, _ in
                work(PostgresLink(connection))
            }
        } catch { throw StoreError(postgres: error) }
    }
}

/// A connection to PostgreSQL, lent for a transaction.
final class PostgresLink: SQLConnection {
    private let connection: PostgresConnection

    init(_ connection: PostgresConnection) { self.connection = connection }

    func rows(_ sql: String, _ arguments: SQLArguments) throws(StoreError) -> [SQLRow] {
        do {
            return try connection.query(sql, arguments.postgres).sqlRows
        } catch { throw StoreError(postgres: error) }
    }

    func cursor(_ sql: String, _ arguments: SQLArguments) throws(StoreError) -> any SQLCursor {
        do {
            return PostgresCursor(
                try connection.openCursor(sql, arguments.postgres), on: connection)
        } catch { throw StoreError(postgres: error) }
    }

    func execute(_ sql: String, _ arguments: SQLArguments) throws(StoreError) -> Int {
        do {
            return try connection.query(sql, arguments.postgres).changedCount
        } catch { throw StoreError(postgres: error) }
    }
}

/// Fetches many rows at a time, and holds no more than these.
private final class PostgresCursor: SQLCursor {
    private static let rowCount = 2000

    private let name: String
    private let connection: PostgresConnection
    private var rows: [SQLRow] = []
    private var usedCount = 0

    init(_ name: String, on connection: PostgresConnection) {
        self.name = name
        self.connection = connection
    }

    func next() throws(StoreError) -> SQLRow? {
        if usedCount == rows.count {
            do {
                rows = try connection.run("FETCH FORWARD \(Self.rowCount) FROM \(name)").sqlRows
            } catch { throw StoreError(postgres: error) }
            usedCount = 0
        }
        guard usedCount < rows.count else { return nil }
        usedCount += 1
        return rows[usedCount - 1]
    }
}

extension PostgresAnswer {
    fileprivate var sqlRows: [SQLRow] {
        rows.map { SQLRow(names: names, values: $0.map { SQLValue($0) }) }
    }
}

extension SQLValue {
    init(_ value: PostgresValue) {
        switch value {
        case .null: self = .null
        case .integer(let number): self = .integer(number)
        case .real(let number): self = .real(number)
        case .text(let text): self = .text(text)
        }
    }
}

extension SQLArguments {
    /// As PostgreSQL reads values.
    fileprivate var postgres: [String?] {
        values.map { value in
            switch value {
            case .null: nil
            case .integer(let number): "\(number)"
            case .real(let number): "\(number)"
            case .text(let text): text
            }
        }
    }
}

extension StoreError {
    /// An error of PostgreSQL in our words: by its class, which is the first two characters, or by
    /// the whole code (PostgreSQL's documentation, appendix A).
    init(postgres error: PostgresError) {
        let state = error.sqlState ?? ""
        if error.isLost {
            self = .busy
            return
        }
        switch (state.prefix(2), state) {
        // Deadlocks and other conflicts of transactions; locks; cancelled; a server that stops,
        // starts, or has no connection left; one that only reads since a failover; changed tables.
        case ("40", _), ("08", _), (_, "55P03"), (_, "57014"), (_, "57P01"), (_, "57P02"),
            (_, "57P03"), (_, "53300"), (_, "25006"), (_, "0A000"), (_, "25P03"):
            self = .busy
        case (_, "53100"): self = .full
        case ("23", _): self = .conflict
        default: self = .failed("PostgreSQL: \(error) (\(error.sqlState ?? "no code"))")
        }
    }
}

internal import Orchestrator
internal import Postgres

/// The PostgreSQL database that a move fills.
struct MoveTarget {
    private let pool: PostgresPool

    init(url: String) { pool = PostgresPool(url: url, setup: Self.setup) }

    /// As ``PostgresEngine/setup``, for statements that may take long beside nobody.
    private static let setup = """
        SET lock_timeout = '60s';
        SET statement_timeout = 0;
        SET idle_in_transaction_session_timeout = '60s';
        SET standard_conforming_strings = on;
        SELECT set_config('synchronous_commit', 'on', false)
            WHERE current_setting('synchronous_commit') = 'off';
        """

    /// What was found in it.
    enum Standing {
        /// Nothing, or tables without rows.
        case empty
        case marked(MoveMark)
    }

    // MARK: Transactions

    /// Runs `body`, which commits where it has changed something.
    private func transaction<Answer>(
        _ begin: String = PostgresEngine.beginMigrating,
        _ body: (PostgresConnection) throws -> Answer
    ) throws(MoveProblem) -> Answer {
        var result: Result<Answer, any Error>?
        do throws(PostgresError) {
            // A whole table goes over in one piece.
            try pool.transaction(
                begin: begin, patience: PostgresEngine.patienceForMigrating
            ) { connection, _ in
                result = Result { try body(connection) }
            }
        } catch { throw MoveProblem(error) }
        switch result {
        case .success(let answer): return answer
        case .failure(let problem as MoveProblem): throw problem
        case .failure(let error as PostgresError): throw MoveProblem(error)
        case .failure(let error as StoreError):
            throw MoveProblem(error, at: "the PostgreSQL database")
        case .failure(let error): throw .refused("PostgreSQL: \(error)")
        case .none: preconditionFailure("a transaction that began runs its body")
        }
    }

    private static func schema(_ connection: PostgresConnection) -> PostgresSchema {
        PostgresSchema(connection: connection, steps: Schema.migrations)
    }

    // MARK: What it is

    func standing() throws(MoveProblem) -> Standing {
        try transaction { try Self.standing($0) }
    }

    private static func standing(_ connection: PostgresConnection) throws -> Standing {
        try PostgresStore.refuseOld(connection)
        guard try text("SHOW server_encoding", connection) == "UTF8" else {
            throw MoveProblem.refused(
                "the PostgreSQL database keeps text in another form than UTF8: make one with"
                    + " ENCODING 'UTF8'")
        }
        let schema = schema(connection)
        let version = try schema.version()
        guard version > 0 else { return .empty }
        let known = MoveMark.schema(ofMarked: version) ?? version
        guard known == Schema.migrations.count else {
            throw MoveProblem.refused(
                "the PostgreSQL database has schema \(known), and this slipway-server moves"
                    + " \(Schema.migrations.count): give it an empty database, or move with the"
                    + " slipway-server that has made that one")
        }
        if let mark = try schema.mark() { return .marked(mark) }
        try refuseRows(connection)
        return .empty
    }

    private static func refuseRows(_ connection: PostgresConnection) throws {
        let prefilled = try MovedTable.filledByMigrations()
        let filled = try MovedTable.all().filter { table in
            try !prefilled.contains(table.name)
                && text(
                    "SELECT (EXISTS (SELECT 1 FROM \"\(table.name)\"))::text", connection) == "true"
        }
        guard filled.isEmpty else {
            throw MoveProblem.refused(
                "the PostgreSQL database holds another fleet's rows already, in"
                    + " \(filled.map(\.name).joined(separator: ", ")): give the move an empty"
                    + " database")
        }
    }

    /// Its name, for people; no password.
    func name() throws(MoveProblem) -> String {
        try transaction { connection in
            let name = try Self.text(
                """
                SELECT current_database() || coalesce(' at ' || host(inet_server_addr()), '')
                """, connection)
            return "the PostgreSQL database \(name ?? "")"
        }
    }

    private static func text(
        _ query: String, _ connection: PostgresConnection
    ) throws -> String? {
        guard case .text(let text)? = try connection.run(query).rows.first?.first else {
            return nil
        }
        return text
    }

    /// The one number that a query gives, in a database that a move has filled.
    func number(_ query: String) throws(MoveProblem) -> Int64? {
        try transaction { connection in
            guard case .integer(let number)? = try connection.run(query).rows.first?.first else {
                return nil
            }
            return number
        }
    }

    // MARK: The mark

    /// Makes the tables, and the mark that keeps servers away.
    func begin(_ mark: MoveMark) throws(MoveProblem) {
        try transaction { connection in
            guard case .empty = try Self.standing(connection) else {
                throw MoveProblem.refused("another move has just begun with the same target")
            }
            try Self.schema(connection).migrate()
            for table in try MovedTable.filledByMigrations() {
                try connection.run("DELETE FROM \"\(table)\"")
            }
            try connection.run(PostgresDialect.translate(MoveMark.make))
            _ = try connection.query(
                """
                INSERT INTO slipway_move (one, id, other, state, row_count)
                    VALUES (1, ?, ?, ?, 0)
                """, [mark.id, mark.other, mark.state.rawValue])
            try Self.setVersion(MoveMark.version(ofMarked: Schema.migrations.count), connection)
            try connection.commit()
        }
    }

    /// Lets servers use it, whose numbers go on after `lastNumber` of each table and column.
    func complete(
        _ mark: MoveMark, lastNumber: (_ table: String, _ column: String) throws -> Int64
    ) throws(MoveProblem) {
        // So that the first server need not guess how large tables are.
        try transaction { connection in
            try connection.run("ANALYZE \(MovedTable.quoted(MovedTable.all().map(\.name)))")
            try connection.commit()
        }
        try transaction { connection in
            // Not when somebody has taken the source back meanwhile.
            try Self.setState(.moved, of: mark, connection, where: "state = 'moving'")
            for case (.text(let table), .text(let column)) in try Self.counters(connection) {
                let last = try lastNumber(table, column)
                guard last > 0 else { continue }
                _ = try connection.query(
                    "SELECT setval(pg_get_serial_sequence(?, ?), ?::bigint)",
                    ["\"\(table)\"", column, "\(last)"])
            }
            try Self.setVersion(Schema.migrations.count, connection)
            try connection.commit()
        }
    }

    private static func counters(
        _ connection: PostgresConnection
    ) throws -> [(PostgresValue, PostgresValue)] {
        try connection.run(
            """
            SELECT table_name::text, column_name::text FROM information_schema.columns
                WHERE table_schema = current_schema() AND is_identity = 'YES'
            """
        ).rows.map { ($0[0], $0[1]) }
    }

    /// Keeps servers away for ever; those that run write nothing more.
    func giveUp(_ mark: MoveMark) throws(MoveProblem) {
        try transaction { connection in
            try Self.setState(.givenUp, of: mark, connection)
            try Self.setVersion(MoveMark.version(ofMarked: Schema.migrations.count), connection)
            try connection.commit()
        }
    }

    private static func setState(
        _ state: MoveMark.State, of mark: MoveMark, _ connection: PostgresConnection,
        where condition: String = "true"
    ) throws {
        let answer = try connection.query(
            "UPDATE slipway_move SET state = ? WHERE id = ? AND \(condition)",
            [state.rawValue, mark.id])
        guard answer.changedCount == 1 else {
            throw MoveProblem.refused("the PostgreSQL database is of another move by now")
        }
    }

    private static func setVersion(_ version: Int, _ connection: PostgresConnection) throws {
        _ = try connection.query(PostgresSchema.writeVersion, ["\(version)"])
    }

    // MARK: Rows

    /// How many rows have come over, of all tables.
    func rowCount() throws(MoveProblem) -> Int {
        Int(try number("SELECT row_count FROM slipway_move") ?? 0)
    }

    func rowCount(of table: MovedTable) throws(MoveProblem) -> Int {
        Int(try number("SELECT count(*) FROM \"\(table.name)\"") ?? 0)
    }

    /// The key of the last row that has come over; rows come in the order of their keys.
    func lastKey(of table: MovedTable) throws(MoveProblem) -> [SQLValue]? {
        let order = table.key.map { "\"\($0)\" DESC" }.joined(separator: ", ")
        return try transaction { connection in
            try connection.run(
                "SELECT \(table.keyNames) FROM \"\(table.name)\" ORDER BY \(order) LIMIT 1"
            ).rows.first?.map { SQLValue($0) }
        }
    }

    /// Adds rows in one transaction.
    ///
    /// - Parameter rowCount: How many of all tables have come over before.
    /// - Throws: ``MoveProblem/refused(_:)`` with the name of a row that the schema does not allow;
    ///   those before it have come over then.
    func append(
        _ rows: [[SQLValue]], to table: MovedTable, of mark: MoveMark, after rowCount: Int
    ) throws(MoveProblem) {
        let problem = try appendAtOnce(rows, to: table, of: mark, after: rowCount)
        guard let problem else { return }
        guard rows.count > 1 else {
            throw .refused("\(table.name(of: rows[0])): PostgreSQL does not take it: \(problem)")
        }
        let half = rows.count / 2
        try append(Array(rows[..<half]), to: table, of: mark, after: rowCount)
        try append(Array(rows[half...]), to: table, of: mark, after: rowCount + half)
    }

    /// The classes of codes that tell of values: data, constraints, and what is too large.
    private static let statesOfRows = ["22", "23", "54"]

    /// Returns why not, where one of the rows is to blame.
    private func appendAtOnce(
        _ rows: [[SQLValue]], to table: MovedTable, of mark: MoveMark, after rowCount: Int
    ) throws(MoveProblem) -> PostgresError? {
        try transaction { connection in
            // First, so that of two moves one waits here and finds that it was late.
            let counted = try connection.query(
                """
                UPDATE slipway_move SET row_count = row_count + ?::bigint
                    WHERE id = ? AND state = 'moving' AND row_count = ?::bigint
                """, ["\(rows.count)", mark.id, "\(rowCount)"])
            guard counted.changedCount == 1 else {
                throw MoveProblem.refused("another move is filling the same database")
            }
            do throws(PostgresError) {
                try connection.copy(
                    "COPY \"\(table.name)\" (\(table.columnNames)) FROM STDIN",
                    CopyText.lines(of: rows))
            } catch {
                let state = String((error.sqlState ?? "").prefix(2))
                guard Self.statesOfRows.contains(state) else { throw error }
                return error
            }
            try connection.commit()
            return nil
        }
    }

    /// Counts and digests the rows that are there.
    func digest(of table: MovedTable, by hasher: RowsHasher) throws(MoveProblem) -> RowsDigest {
        var hasher = hasher
        return try transaction(PostgresEngine.beginReading) { connection in
            let rows = try PostgresLink(connection).cursor(
                "SELECT \(table.columnNames) FROM \"\(table.name)\" ORDER BY \(table.keyNames)", [])
            while let row = try rows.next() { hasher.take(row.values) }
            return hasher.finish()
        }
    }
}

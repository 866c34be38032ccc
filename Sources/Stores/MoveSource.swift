internal import Foundation
internal import GRDB
internal import Orchestrator

/// The SQLite file that a move reads, which nobody else can open meanwhile.
struct MoveSource {
    private let database: Database
    let path: String

    /// Runs `body` on the file, after it has been found to be a fleet's with our schema.
    ///
    /// The system's lock on the file keeps every other program out, and ends with this process
    /// however it ends.
    ///
    /// - Throws: ``MoveProblem``
    static func open<Answer>(
        _ path: String, _ body: (MoveSource) throws -> Answer
    ) throws(MoveProblem) -> Answer {
        guard FileManager.default.fileExists(atPath: path) else {
            throw .refused("\(path) does not exist")
        }
        do {
            _ = try SQLiteStore.versionOfOurs(path, alsoMarked: true)
            return try DatabaseQueue(path: path, configuration: alone)
                .writeWithoutTransaction { database in
                    // Only a transaction that writes takes the lock where there is no log.
                    try database.inTransaction(.exclusive) { .commit }
                    let source = MoveSource(database: database, path: path)
                    try source.checkSchema()
                    return try body(source)
                }
        } catch let problem as MoveProblem { throw problem } catch {
            throw problem(error, path)
        }
    }

    private static var alone: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(1)
        configuration.prepareDatabase { database in
            try database.execute(
                sql: "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL")
        }
        return configuration
    }

    private static func problem(_ error: any Error, _ path: String) -> MoveProblem {
        let error = StoreError(sqlite: error, path: path)
        guard error == .busy else { return MoveProblem(error, at: path) }
        return .refused(
            "another program is using \(path): stop the slipway-server, and whatever else has it"
                + " open")
    }

    // MARK: What it is

    private func checkSchema() throws {
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard version > 0 else { throw MoveProblem.refused("\(path) holds no fleet") }
        let schema = MoveMark.schema(ofMarked: version) ?? version
        guard schema >= Schema.migrations.count else {
            throw MoveProblem.refused(
                "\(path) has schema \(schema), and this slipway-server moves"
                    + " \(Schema.migrations.count): "
                    + (schema == version
                        ? "start this server on it once, which brings it there, and stop it"
                        : "finish its move with the slipway-server that began it"))
        }
        guard schema == Schema.migrations.count else {
            throw MoveProblem.refused(
                "\(path) was written by a newer slipway-server (schema \(schema); this one knows"
                    + " \(Schema.migrations.count)): move it with that one")
        }
        let unknown = try Set(MovedTable.all(in: database)).symmetricDifference(MovedTable.all())
        guard unknown.isEmpty else {
            throw MoveProblem.refused(
                "\(path) has other tables than this slipway-server makes, and nobody knows what"
                    + " to do with them: \(Set(unknown.map(\.name)).sorted())")
        }
        guard try String.fetchOne(database, sql: "PRAGMA encoding") == "UTF-8" else {
            throw MoveProblem.refused("\(path) keeps its text in another form than UTF-8")
        }
    }

    /// Looks at every page and every reference, which takes a while.
    func checkIntegrity() throws {
        var damage = try String.fetchAll(database, sql: "PRAGMA integrity_check(20)")
        if damage == ["ok"] { damage = [] }
        damage += try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").prefix(20).map {
            "\($0["table"] as String): a row refers to nothing"
        }
        guard damage.isEmpty else {
            throw MoveProblem.refused("\(path) is damaged: \(damage.joined(separator: "; "))")
        }
    }

    // MARK: The mark

    /// `nil` when no move has begun.
    func mark() throws -> MoveMark? { try Self.mark(in: database) }

    static func mark(in database: Database) throws -> MoveMark? {
        guard try database.tableExists(MoveMark.table) else { return nil }
        let row = try Row.fetchOne(database, sql: MoveMark.read)
        return row.flatMap { MoveMark(id: $0["id"], other: $0["other"], state: $0["state"]) }
    }

    /// From now on no server starts on it; on the disk when this returns.
    func write(_ mark: MoveMark) throws {
        try database.inTransaction(.immediate) {
            if try !database.tableExists(MoveMark.table) {
                try database.execute(sql: MoveMark.make)
            }
            try database.execute(
                sql: """
                    INSERT INTO slipway_move (one, id, other, state, row_count)
                        VALUES (1, ?, ?, ?, 0) ON CONFLICT (one) DO UPDATE SET
                        id = excluded.id, other = excluded.other, state = excluded.state
                    """, arguments: [mark.id, mark.other, mark.state.rawValue])
            try setVersion(MoveMark.version(ofMarked: Schema.migrations.count))
            return .commit
        }
    }

    /// Servers may use it again.
    func removeMark() throws {
        try database.inTransaction(.immediate) {
            try database.execute(sql: "DROP TABLE \(MoveMark.table)")
            try setVersion(Schema.migrations.count)
            return .commit
        }
    }

    private func setVersion(_ version: Int) throws {
        try database.execute(sql: "PRAGMA user_version = \(version)")
    }

    // MARK: Rows

    func rowCount(of table: MovedTable) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM \"\(table.name)\"") ?? 0
    }

    /// The highest number that a table has ever given; 0 for one that gave none.
    func lastNumber(of table: String, _ column: String) throws -> Int64 {
        let given = try Int64.fetchOne(
            database, sql: "SELECT seq FROM sqlite_sequence WHERE name = ?", arguments: [table])
        let highest = try Int64.fetchOne(
            database, sql: "SELECT max(\"\(column)\") FROM \"\(table)\"")
        return max(given ?? 0, highest ?? 0)
    }

    /// The one number that a query gives.
    func number(_ query: String) throws -> Int64? { try Int64.fetchOne(database, sql: query) }

    /// Rows one after another in the order of their keys, behind the one that has the key `last`.
    func rows(of table: MovedTable, after last: [SQLValue]? = nil) throws -> MovedRows {
        // As bytes: GRDB would end text at a NUL, and mend what is no UTF-8.
        let columns = table.columns.map { column in
            column.isText ? "CAST(\"\(column.name)\" AS BLOB)" : "\"\(column.name)\""
        }
        let places = (last ?? []).map { _ in "?" }.joined(separator: ", ")
        let statement = try database.makeStatement(
            sql: "SELECT \(columns.joined(separator: ", ")) FROM \"\(table.name)\""
                + (last == nil ? "" : " WHERE (\(table.keyNames)) > (\(places))")
                + " ORDER BY \(table.keyNames)")
        let arguments = StatementArguments(last.map { SQLArguments($0) } ?? [])
        return MovedRows(table, try Row.fetchCursor(statement, arguments: arguments))
    }
}

/// Rows of one table, read one at a time.
final class MovedRows {
    private let table: MovedTable
    private let cursor: RowCursor

    fileprivate init(_ table: MovedTable, _ cursor: RowCursor) {
        self.table = table
        self.cursor = cursor
    }

    /// - Throws: ``MoveProblem/refused(_:)`` for a row that PostgreSQL could not keep as it is.
    func next() throws -> [SQLValue]? {
        guard let row = try cursor.next() else { return nil }
        var values: [SQLValue] = []
        values.reserveCapacity(table.columns.count)
        var problem: String?
        for (number, column) in table.columns.enumerated() {
            switch (row[number] as DatabaseValue).storage {
            case .null: values.append(.null)
            case .int64(let integer): values.append(.integer(integer))
            case .double(let real): values.append(.real(real))
            case .string(let text): values.append(.text(text))
            case .blob(let data):
                let text = String(validating: data, as: UTF8.self)
                if text == nil {
                    problem = "\(column.name) is no text in UTF-8"
                } else if data.contains(0) {
                    problem = "\(column.name) has a NUL in it, which PostgreSQL does not keep"
                }
                values.append(.text(text ?? String(decoding: data, as: UTF8.self)))
            }
        }
        if let problem {
            throw MoveProblem.refused("\(table.name(of: values)): \(problem)")
        }
        return values
    }
}

internal import GRDB
internal import Orchestrator
internal import Postgres

/// The schema in a PostgreSQL database: what there is, and the way to what there should be.
struct PostgresSchema {
    let connection: PostgresConnection
    /// Those of ``Schema/migrations``, or in tests the first of them.
    let steps: [String]

    /// The step of ``Schema/migrations`` that PostgreSQL begins with; there was only SQLite before.
    private static let firstStep = 6

    private static let makeVersion = """
        CREATE TABLE slipway_schema (
            one BIGINT PRIMARY KEY CHECK (one = 1),
            version BIGINT NOT NULL
        );
        """
    static let writeVersion = """
        INSERT INTO slipway_schema (one, version) VALUES (1, ?)
            ON CONFLICT (one) DO UPDATE SET version = excluded.version
        """
    private static let hasVersion = "SELECT to_regclass('slipway_schema') IS NOT NULL"
    private static let hasMark = "SELECT to_regclass('\(MoveMark.table)') IS NOT NULL"
    private static let countTables =
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()"

    /// Takes the steps that are missing; all of them happen or none.
    ///
    /// - Throws: ``StoreError/foreign(_:)`` for a database of another program or of a newer version.
    func migrate() throws {
        let version = try storedVersion()
        guard version <= steps.count else {
            throw StoreError.foreign(
                "the PostgreSQL database was written by a newer slipway-server (schema"
                    + " \(version); this one knows \(steps.count))")
        }
        guard version < steps.count else { return }
        if version == 0 {
            try connection.run(Self.makeVersion)
            try connection.run(try Self.firstTables())
        }
        for step in steps.dropFirst(max(version, Self.firstStep)) {
            try connection.run(PostgresDialect.translate(step))
        }
        _ = try connection.query(Self.writeVersion, ["\(steps.count)"])
    }

    /// 0 for an empty database.
    func storedVersion() throws -> Int {
        let version = try version()
        if MoveMark.schema(ofMarked: version) != nil, let problem = try mark()?.refusalOfTarget {
            throw StoreError.foreign(problem)
        }
        return version
    }

    /// `nil` in a database that no move has filled.
    func mark() throws -> MoveMark? {
        guard try number(Self.hasMark) == 1,
            let row = try connection.run(MoveMark.read).rows.first, row.count == 3,
            case (.text(let id), .text(let other), .text(let state)) = (row[0], row[1], row[2])
        else { return nil }
        return MoveMark(id: id, other: other, state: state)
    }

    /// As ``storedVersion()``, of one that no server may use, too.
    func version() throws -> Int {
        guard try number(Self.hasVersion) == 1 else {
            guard try number(Self.countTables) == 0 else {
                throw StoreError.foreign(
                    "the PostgreSQL database has tables of another program; give Slipway a"
                        + " database, or a schema, of its own")
            }
            return 0
        }
        return try number("SELECT version FROM slipway_schema")
    }

    private func number(_ question: String) throws -> Int {
        guard case .integer(let number) = try connection.run(question).rows.first?.first else {
            throw StoreError.foreign("the PostgreSQL database does not say its schema's version")
        }
        return Int(number)
    }

    /// What SQLite has after the first steps, so that there is one text of every table.
    private static func firstTables() throws -> String {
        let tables = try DatabaseQueue().writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA foreign_keys = OFF")
            for step in Schema.migrations.prefix(firstStep) { try database.execute(sql: step) }
            return try String.fetchAll(
                database,
                sql: "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"
                    + " AND name NOT LIKE 'sqlite%' ORDER BY rowid")
        }
        return ordered(tables).map { PostgresDialect.translate("\($0);") }
            .joined(separator: "\n")
    }

    /// Tables first, and each after those that it refers to.
    private static func ordered(_ statements: [String]) -> [String] {
        var waiting = statements.filter { $0.hasPrefix("CREATE TABLE") }
        var result: [String] = []
        while !waiting.isEmpty {
            let names = waiting.compactMap { tableName($0) }
            let ready = waiting.filter { statement in
                names.allSatisfy { !statement.contains("REFERENCES \($0) ") }
            }
            // Tables that refer to each other would need another way; there are none.
            precondition(!ready.isEmpty, "tables refer to each other")
            waiting.removeAll { ready.contains($0) }
            result += ready
        }
        return result + statements.filter { !$0.hasPrefix("CREATE TABLE") }
    }

    private static func tableName(_ statement: String) -> String? {
        statement.firstMatch(of: /CREATE TABLE "?(\w+)/).map { String($0.output.1) }
    }
}

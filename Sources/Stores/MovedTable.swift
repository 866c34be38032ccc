internal import GRDB

/// A table of the schema, as a move copies it.
struct MovedTable: Hashable {
    let name: String
    let columns: [Column]
    /// The columns that no two rows have alike, in the order in which rows are copied and compared.
    let key: [String]

    struct Column: Hashable {
        let name: String
        let isText: Bool
    }

    /// The tables of the schema, each after those that it refers to.
    static func all() throws -> [MovedTable] { try model.get().tables }

    /// Tables that have rows before anybody has written any.
    static func filledByMigrations() throws -> Set<String> { try model.get().filled }

    private typealias Model = (tables: [MovedTable], filled: Set<String>)

    /// Of a database in memory that has nothing but the schema.
    private static let model = Result { () throws -> Model in
        try DatabaseQueue().writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA foreign_keys = OFF")
            for step in Schema.migrations { try database.execute(sql: step) }
            let tables = try all(in: database)
            let filled = try tables.map(\.name).filter { name in
                try Bool.fetchOne(
                    database, sql: "SELECT EXISTS (SELECT 1 FROM \"\(name)\")") ?? false
            }
            return (tables, Set(filled))
        }
    }

    static func all(in database: Database) throws -> [MovedTable] {
        let names = try String.fetchAll(
            database,
            sql: "SELECT name FROM sqlite_schema WHERE type = 'table'"
                + " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> ? ORDER BY name",
            arguments: [MoveMark.table])
        return try ordered(names.map { try MovedTable($0, in: database) }) { table in
            try Set(
                String.fetchAll(
                    database, sql: "SELECT \"table\" FROM pragma_foreign_key_list(?)",
                    arguments: [table.name]))
        }
    }

    private init(_ name: String, in database: Database) throws {
        let rows = try Row.fetchAll(
            database, sql: "SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid",
            arguments: [name])
        self.name = name
        columns = rows.map { Column(name: $0["name"], isText: $0["type"] == "TEXT") }
        key = rows.filter { ($0["pk"] as Int) > 0 }
            .sorted { ($0["pk"] as Int) < ($1["pk"] as Int) }
            .map { $0["name"] }
    }

    private static func ordered(
        _ tables: [MovedTable], references: (MovedTable) throws -> Set<String>
    ) throws -> [MovedTable] {
        var waiting = try tables.map { (table: $0, needs: try references($0)) }
        var result: [MovedTable] = []
        while !waiting.isEmpty {
            let names = Set(waiting.map(\.table.name))
            let ready = waiting.filter { $0.needs.isDisjoint(with: names) }
            // As in ``PostgresSchema``, which could not make them either.
            precondition(!ready.isEmpty, "tables refer to each other")
            result += ready.map(\.table)
            waiting.removeAll { entry in ready.contains { $0.table == entry.table } }
        }
        return result
    }

    // MARK: Words of SQL, and for people

    static func quoted(_ names: [String]) -> String {
        names.map { "\"\($0)\"" }.joined(separator: ", ")
    }

    var columnNames: String { Self.quoted(columns.map(\.name)) }
    var keyNames: String { Self.quoted(key) }

    /// The key of a row, in the order of ``key``.
    func key(of row: [SQLValue]) -> [SQLValue] {
        key.compactMap { name in
            columns.firstIndex { $0.name == name }.map { row[$0] }
        }
    }

    /// A row's name, for people.
    func name(of row: [SQLValue]) -> String {
        let words = key(of: row).map { value in
            switch value {
            case .null: "null"
            case .integer(let number): "\(number)"
            case .real(let number): "\(number)"
            case .text(let text): text
            }
        }
        return "\(name), row \(words.joined(separator: " "))"
    }
}

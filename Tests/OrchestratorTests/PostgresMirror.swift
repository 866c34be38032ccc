import Foundation
import Stores
import TestSupport

/// Copies what a PostgreSQL database holds into a file of SQLite, in which the books look.
///
/// The books ask by SQL of their own, which is SQLite's. Each copy is taken in one transaction on
/// both sides, so that the shell that looks sees one moment.
final class PostgresMirror {
    private let server: PostgresServer
    private let address: String
    private let path: String
    /// A query whose answer is the statements that make the copy.
    private let copying: String

    init(of address: String, on server: PostgresServer, at path: String) throws {
        self.server = server
        self.address = address
        self.path = path
        // The same tables as in a store, without what guards them.
        let model = path + ".model"
        do { _ = try SQLiteStore(path: model) }
        let tables = try Self.sqlite(
            model,
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%';"
        ).split(separator: "\n").map(String.init)
        var parts: [String] = []
        var made = "PRAGMA journal_mode = WAL;"
        for table in tables {
            let columns = try Self.sqlite(
                model, "SELECT name || ' ' || type FROM pragma_table_info('\(table)');"
            ).split(separator: "\n").map(String.init)
            made += "CREATE TABLE \(table) (\(columns.joined(separator: ", "))) STRICT;\n"
            let names = columns.map { $0.split(separator: " ")[0] }
            let values = names.map {
                "coalesce('''' || replace(\($0)::text, '''', '''''') || '''', 'NULL')"
            }
            parts += [
                "SELECT 'DELETE FROM \(table);'",
                "SELECT 'INSERT INTO \(table) (\(names.joined(separator: ", "))) VALUES (' || "
                    + values.joined(separator: " || ', ' || ") + " || ');' FROM \(table)",
            ]
        }
        copying = parts.joined(separator: " UNION ALL ")
        _ = try Self.sqlite(path, made)
    }

    /// Takes over what is there now.
    func refresh() throws {
        let statements = try server.query(address, copying)
        _ = try Self.sqlite(path, "BEGIN;\n\(statements)\nCOMMIT;")
    }

    private static func sqlite(_ path: String, _ statements: String) throws -> String {
        let answer = try filtered(
            Array(statements.utf8), by: "sqlite3", "-batch", "-bail", "-init", "/dev/null", path)
        return String(decoding: answer, as: UTF8.self)
    }
}

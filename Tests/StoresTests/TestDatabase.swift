import Foundation
import Orchestrator
import Stores
import TestSupport
import Testing

/// What a store may be on; every promise of the port is tried on each.
enum Engine: String, CaseIterable, CustomTestStringConvertible {
    case sqlite = "SQLite"
    case postgres = "PostgreSQL"

    var testDescription: String { rawValue }
}

/// A database of one test.
struct TestDatabase {
    let engine: Engine
    /// A path, or an address.
    let place: String

    init(_ engine: Engine) throws {
        self.engine = engine
        switch engine {
        case .sqlite: place = SQLiteStoreTests.path()
        case .postgres: place = try PostgresServer.shared.get().makeDatabase()
        }
    }

    /// Each call stands for a process that starts.
    func open() throws -> any Store {
        switch engine {
        case .sqlite: try SQLiteStore(path: place)
        case .postgres: try PostgresStore(url: place)
        }
    }

    /// What somebody does to the database with another program.
    func run(_ statements: String) throws {
        switch engine {
        case .sqlite: try SQLiteStoreTests.sqlite(place, statements)
        case .postgres: try PostgresServer.shared.get().query(place, statements)
        }
    }
}

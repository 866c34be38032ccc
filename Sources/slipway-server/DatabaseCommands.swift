internal import ArgumentParser
import Foundation
internal import Orchestrator
internal import Server
internal import Stores

/// Where the database is; the same settings as those of a server.
struct DatabaseOptions: ParsableArguments {
    @Option(help: "A JSON file with settings.") var config: String?
    @Option(help: "The folder of database and tokens.") var data: String?
    @Option(help: "A PostgreSQL database, as postgres://…; else a file in the folder of data.")
    var store: String?

    func settings() throws(ServerProblem) -> ServerSettings {
        try .gathered(config: config, flags: [(.data, data), (.store, store)])
    }

    func place() throws(ServerProblem) -> DatabasePlace {
        let settings = try settings()
        if let store = settings.store { return .postgres(store) }
        guard let data = settings.data else {
            throw .configuration("name the server's folder by --data (or data in the file)")
        }
        return .sqlite(path: DataFolder.database(in: data))
    }

    /// The file of SQLite, for what PostgreSQL has its own programs for.
    func file() throws(ServerProblem) -> String {
        switch try place() {
        case .sqlite(let path): return path
        case .postgres:
            throw .configuration(
                "PostgreSQL has its own backups: use pg_dump and pg_restore, or a base backup with"
                    + " archived logs; `slipway-server check` looks at what you restored")
        }
    }
}

enum DatabasePlace {
    case sqlite(path: String)
    case postgres(String)
}

struct Backup: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy the database, as it is at one moment, into a new file.",
        discussion: """
            A server may go on meanwhile. The copy has the tokens of people and machines as \
            digests, and the secrets of web hooks as they are: keep it to yourself. It has neither \
            the file enrolment-token nor the repository and its keys; keep these, too.
            """)

    @OptionGroup var database: DatabaseOptions
    @Argument(help: "The new file.") var file: String

    func run() throws {
        do { try SQLiteBackup.make(of: database.file(), to: file) } catch let error as StoreError {
            throw ServerProblem.data("\(error)")
        }
    }
}

struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the database from a copy, where there is none.",
        discussion: "Stop the server and move its database away before.")

    @OptionGroup var database: DatabaseOptions
    @Argument(help: "The copy.") var file: String

    func run() throws {
        do { try SQLiteBackup.restore(file, to: database.file()) } catch let error as StoreError {
            throw ServerProblem.data("\(error)")
        }
    }
}

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look whether the database holds together; nothing is changed.",
        discussion: "A server may go on meanwhile. Exits with 65 when something is wrong.")

    @OptionGroup var database: DatabaseOptions

    func run() throws {
        let problems: [String]
        do {
            problems =
                switch try database.place() {
                case .sqlite(let path): try StoreCheck.problems(ofSQLite: path)
                case .postgres(let address): try StoreCheck.problems(ofPostgres: address)
                }
        } catch let error as StoreError { throw ServerProblem.data("\(error)") }
        for problem in problems { print(problem) }
        guard problems.isEmpty else {
            throw ServerProblem.data("\(problems.count) things are wrong with the database")
        }
        print("the database holds together")
    }
}

public import Audit
import Foundation
internal import GRDB
public import Orchestrator

/// The orchestrator's store in one SQLite file, in WAL mode.
///
/// A write that returned is on the disk (`synchronous = FULL`). Readers and the one writer do not
/// wait for each other. Writes that wait at the same time share a commit.
public struct SQLiteStore: Store {
    private let transactions: GroupedTransactions

    /// How long a transaction waits for another process, in seconds.
    private static let busySeconds = 5.0

    /// Opens the database at `path`, or makes it.
    ///
    /// - Throws: ``StoreError/foreign(_:)`` for a file that is not a database of ours or was
    ///   written by a newer version; it is left as it was.
    public init(path: String) throws(StoreError) {
        do {
            try Self.refuseForeign(path)
            var configuration = Configuration()
            configuration.busyMode = .timeout(Self.busySeconds)
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            configuration.maximumReaderCount =
                GroupedTransactions.readerCount + GroupedTransactions.fleetReaderCount
            let pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { try Self.migrate($0) }
            transactions = GroupedTransactions(SQLiteEngine(pool: pool))
        } catch { throw StoreError(sqlite: error, path: path) }
    }

    private static func refuseForeign(_ path: String) throws {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        // What was written ahead is worth nothing to a new file, and would be removed with it.
        guard attributes != nil || !FileManager.default.fileExists(atPath: "\(path)-wal") else {
            throw StoreError.foreign(
                "\(path) is not there, but \(path)-wal is: put the database back, or move that away,"
                    + " too")
        }
        guard (attributes?[.size] as? Int64 ?? 0) > 0 else { return }
        _ = try versionOfOurs(path)
    }

    /// For a file that is only looked at; a server may be using it.
    static var readOnly: Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        // Somebody who closes it keeps it for a moment.
        configuration.busyMode = .timeout(busySeconds)
        return configuration
    }

    /// The schema's version in a database of ours, or 0 of one without anything.
    ///
    /// - Parameter alsoMarked: Takes one that a move has marked, too.
    static func versionOfOurs(_ path: String, alsoMarked: Bool = false) throws -> Int {
        // So that a database of somebody else is not even switched to WAL.
        try DatabaseQueue(path: path, configuration: readOnly).read { database in
            let id = try Int64.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            let isEmpty = id == 0 && version == 0 && tables == 0
            guard id == Schema.applicationID || isEmpty else {
                throw StoreError.foreign("\(path) is a database of another program")
            }
            if !alsoMarked, MoveMark.schema(ofMarked: version) != nil,
                let mark = try MoveSource.mark(in: database)
            {
                throw StoreError.foreign(mark.refusal(ofSource: path))
            }
            // The move says better what to do with a newer one.
            guard !alsoMarked else { return version }
            guard version <= Schema.migrations.count else {
                throw StoreError.foreign(
                    "\(path) was written by a newer slipway-server (schema \(version); this one"
                        + " knows \(Schema.migrations.count))")
            }
            return version
        }
    }

    /// All steps are one transaction; references are checked at its end, since tables are replaced.
    static func migrate(_ database: Database) throws {
        try database.execute(sql: "PRAGMA foreign_keys = OFF")
        try database.inTransaction {
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            guard version <= Schema.migrations.count else {
                throw StoreError.foreign("a move, or a newer slipway-server, was faster")
            }
            for step in Schema.migrations.indices.dropFirst(version) {
                try database.execute(sql: Schema.migrations[step])
                try database.execute(sql: "PRAGMA user_version = \(step + 1)")
            }
            try database.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
            if version < Schema.migrations.count { try database.checkForeignKeys() }
            return .commit
        }
        try database.execute(sql: "PRAGMA foreign_keys = ON")
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

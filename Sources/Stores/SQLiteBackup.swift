internal import Foundation
internal import GRDB
public import Orchestrator

/// Copies of a database in SQLite.
public enum SQLiteBackup {
    /// Copies the database at `path`, as it is at one moment, into the new file `copy`; a server may
    /// go on using it.
    ///
    /// The copy is one file, on the disk and checked when this returns.
    public static func make(of path: String, to copy: String) throws(StoreError) {
        try transfer(from: path, to: copy)
    }

    /// Makes the database at `path`, where there is none, from a copy.
    ///
    /// - Throws: ``StoreError/failed(_:)`` when there is one already: a server may be using it.
    public static func restore(_ copy: String, to path: String) throws(StoreError) {
        for suffix in ["-wal", "-shm"] {
            // SQLite would take them for those of the copy.
            guard !FileManager.default.fileExists(atPath: path + suffix) else {
                throw .failed("\(path)\(suffix) exists; stop the server and move it away first")
            }
        }
        try transfer(from: copy, to: path)
    }

    private static func transfer(from path: String, to target: String) throws(StoreError) {
        guard FileManager.default.fileExists(atPath: path) else {
            throw .failed("\(path) does not exist")
        }
        guard !FileManager.default.fileExists(atPath: target) else {
            throw .failed("\(target) exists already; name another file, or move it away")
        }
        let part = "\(target).part"
        do {
            _ = try SQLiteStore.versionOfOurs(path)
            try? FileManager.default.removeItem(atPath: part)
            defer { try? FileManager.default.removeItem(atPath: part) }
            try copy(path, to: part)
            let file = URL(filePath: target)
            try RepositoryDirectory.sync(URL(filePath: part))
            // Not over a file that somebody has made meanwhile.
            try FileManager.default.linkItem(atPath: part, toPath: target)
            try RepositoryDirectory.sync(file.deletingLastPathComponent())
        } catch let error as DatabaseError { throw StoreError(sqlite: error, path: path) } catch {
            throw RepositoryDirectory.error(error)
        }
    }

    private static func copy(_ path: String, to part: String) throws {
        let source = try DatabaseQueue(path: path, configuration: SQLiteStore.readOnly)
        let copy = try DatabaseQueue(path: part)
        try source.backup(to: copy)
        try copy.writeWithoutTransaction { database in
            // One file, without a log beside it.
            try database.execute(sql: "PRAGMA journal_mode = DELETE")
            let damage = try String.fetchAll(database, sql: "PRAGMA integrity_check")
            guard damage == ["ok"] else {
                throw StoreError.failed("\(path) is damaged: \(damage.joined(separator: "; "))")
            }
        }
        try copy.close()
    }
}

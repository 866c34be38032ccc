internal import GRDB
internal import Orchestrator

/// Transactions of SQLite, through GRDB.
struct SQLiteEngine: SQLEngine {
    let pool: DatabasePool

    func write(
        _ work: (any SQLConnection) throws(StoreError) -> Bool
    ) throws(StoreError) {
        do {
            try pool.writeWithoutTransaction { database in
                try database.inTransaction(.immediate) {
                    try work(SQLiteConnection(database)) ? .commit : .rollback
                }
            }
        } catch { throw StoreError(sqlite: error, path: "the database") }
    }

    func read(_ work: (any SQLConnection) -> Void) throws(StoreError) {
        do { try pool.read { work(SQLiteConnection($0)) } } catch {
            throw StoreError(sqlite: error, path: "the database")
        }
    }
}

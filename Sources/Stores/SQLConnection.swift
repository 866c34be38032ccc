internal import Orchestrator

/// One connection to a database, used by one caller at a time.
///
/// Statements are in the dialect that SQLite and PostgreSQL share, with `?` for each argument. They
/// are prepared once and kept, so their texts are few.
protocol SQLConnection: AnyObject {
    func rows(_ sql: String, _ arguments: SQLArguments) throws(StoreError) -> [SQLRow]

    /// Rows one after another, of an answer that may be larger than memory.
    ///
    /// Several may be read in turn; all end with the transaction.
    func cursor(_ sql: String, _ arguments: SQLArguments) throws(StoreError) -> any SQLCursor

    /// Returns how many rows were changed.
    func execute(_ sql: String, _ arguments: SQLArguments) throws(StoreError) -> Int
}

/// An answer that is read row by row.
protocol SQLCursor: AnyObject {
    /// `nil` after the last row.
    func next() throws(StoreError) -> SQLRow?
}

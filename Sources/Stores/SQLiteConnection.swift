internal import GRDB
internal import Orchestrator

/// A connection to SQLite, through GRDB.
final class SQLiteConnection: SQLConnection {
    private let database: Database

    init(_ database: Database) { self.database = database }

    func rows(_ sql: String, _ arguments: SQLArguments) throws(StoreError) -> [SQLRow] {
        try translating {
            let statement = try database.cachedStatement(sql: sql)
            let cursor = try Row.fetchCursor(statement, arguments: StatementArguments(arguments))
            let names = statement.columnNames
            var rows: [SQLRow] = []
            while let row = try cursor.next() { rows.append(SQLRow(row, names: names)) }
            return rows
        }
    }

    func cursor(_ sql: String, _ arguments: SQLArguments) throws(StoreError) -> any SQLCursor {
        try translating {
            // One of its own: a kept statement may be asked again while this is being read.
            let statement = try database.makeStatement(sql: sql)
            return SQLiteCursor(
                try Row.fetchCursor(statement, arguments: StatementArguments(arguments)),
                names: statement.columnNames)
        }
    }

    func execute(_ sql: String, _ arguments: SQLArguments) throws(StoreError) -> Int {
        try translating {
            let statement = try database.cachedStatement(sql: sql)
            try statement.execute(arguments: StatementArguments(arguments))
            return database.changesCount
        }
    }

    private func translating<Answer>(_ body: () throws -> Answer) throws(StoreError) -> Answer {
        do { return try body() } catch { throw StoreError(sqlite: error, path: "the database") }
    }
}

private final class SQLiteCursor: SQLCursor {
    private let rows: RowCursor
    private let names: [String]

    init(_ rows: RowCursor, names: [String]) {
        self.rows = rows
        self.names = names
    }

    func next() throws(StoreError) -> SQLRow? {
        do { return try rows.next().map { SQLRow($0, names: names) } } catch {
            throw StoreError(sqlite: error, path: "the database")
        }
    }
}

extension SQLRow {
    fileprivate init(_ row: Row, names: [String]) {
        var values: [SQLValue] = []
        values.reserveCapacity(names.count)
        // To ask for a column by its number makes GRDB go through its decoding of any type.
        for (_, value) in row { values.append(SQLValue(value)) }
        self.init(names: names, values: values)
    }
}

extension SQLValue {
    fileprivate init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let number): self = .integer(number)
        case .double(let number): self = .real(number)
        case .string(let text): self = .text(text)
        case .blob: preconditionFailure("the schema has no column of bytes")
        }
    }

    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let number): number.databaseValue
        case .real(let number): number.databaseValue
        case .text(let text): text.databaseValue
        }
    }
}

extension StatementArguments {
    init(_ arguments: SQLArguments) {
        // GRDB takes values of one type by key paths, which it makes anew each time.
        let values: [(any DatabaseValueConvertible)?] = arguments.values.map { $0.databaseValue }
        self.init(values)
    }
}

extension StoreError {
    /// An error of SQLite in our words.
    init(sqlite error: any Error, path: String) {
        if let error = error as? StoreError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self = .failed("\(path): \(error)")
            return
        }
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy
        case .SQLITE_FULL: self = .full
        case .SQLITE_NOTADB: self = .foreign("\(path) is not a database")
        case .SQLITE_CONSTRAINT: self = .conflict
        case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM:
            self = .failed("\(path) cannot be opened for writing")
        default: self = .failed("\(path): \(error.message ?? "error \(error.resultCode)")")
        }
    }
}

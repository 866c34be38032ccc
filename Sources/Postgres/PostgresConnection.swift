/// A connection, with the statements that were prepared on it.
///
/// It goes from thread to thread, which libpq allows as long as only one uses it at a time; the pool,
/// which alone makes connections, lends each to one caller.
public final class PostgresConnection: @unchecked Sendable {
    private let handle: ConnectionHandle
    private var prepared: [String: String] = [:]
    private var cursorCount = 0
    private var isStale = false
    /// How long it waits for answers.
    var patience = PostgresPatience.standard

    /// Statements that are kept; programs have fewer texts than that, unless they build them.
    private static let preparedLimit = 500

    init(_ url: String, defaults: [(String, String)]) throws(PostgresError) {
        handle = try ConnectionHandle.connect(url, defaults: defaults)
    }

    /// Whether it is good for nothing more.
    var isLost: Bool { handle.isLost || isStale }
    var isIdle: Bool { handle.isIdle }

    /// Errors after which another connection does what this one never will: the server takes no
    /// writes since a failover, or tables have changed since statements were prepared.
    private static let staleStates: Set<String> = ["25006", "0A000"]

    /// Runs statements without arguments; the answer is that of the last.
    @discardableResult
    public func run(_ statements: String) throws(PostgresError) -> PostgresAnswer {
        try run(statements, patience: patience.statement)
    }

    /// Opens a transaction.
    func begin(_ statements: String) throws(PostgresError) -> PostgresAnswer {
        try run(statements, patience: patience.begin)
    }

    /// Takes back what is open.
    func rollBack() throws(PostgresError) { _ = try run("ROLLBACK", patience: patience.begin) }

    private func run(
        _ statements: String, patience: Duration?
    ) throws(PostgresError) -> PostgresAnswer {
        try noting { handle throws(PostgresError) in
            try handle.run(statements, patience: patience)
        }
    }

    /// Runs one statement, with `?` for each argument, and keeps it prepared.
    public func query(
        _ sql: String, _ arguments: [String?]
    ) throws(PostgresError) -> PostgresAnswer {
        try Self.refuseNUL(arguments)
        let name = try name(of: sql)
        return try noting { handle throws(PostgresError) in
            try handle.runPrepared(name, arguments, patience: patience.statement)
        }
    }

    /// Runs a `COPY … FROM STDIN` with many rows, in PostgreSQL's text format.
    ///
    /// All are taken or none.
    public func copy(_ statement: String, _ lines: [UInt8]) throws(PostgresError) {
        try noting { handle throws(PostgresError) in try handle.copy(statement, lines) }
    }

    /// Commits, and returns only when that is certain.
    ///
    /// - Throws: ``PostgresError``; where the connection was lost meanwhile, nobody can tell whether
    ///   the transaction was committed.
    public func commit() throws(PostgresError) {
        _ = handle.takeWarning()
        // A transaction in which a statement failed is rolled back without an error.
        let tag = try run("COMMIT", patience: patience.commit).tag
        guard tag == "COMMIT" else { throw PostgresError("COMMIT was answered by \(tag)") }
        // Somebody has ended the wait for the standby, which would not have it after a failover.
        guard !handle.takeWarning() else {
            throw PostgresError("the commit may not be on the standby", isLost: true)
        }
    }

    /// Opens a cursor, which ends with the transaction, and returns its name.
    public func openCursor(
        _ sql: String, _ arguments: [String?]
    ) throws(PostgresError) -> String {
        try Self.refuseNUL(arguments)
        cursorCount += 1
        let name = "cursor_\(cursorCount)"
        let statement = "DECLARE \(name) NO SCROLL CURSOR FOR \(Placeholders.numbered(sql))"
        _ = try noting { handle throws(PostgresError) in
            try handle.run(statement, arguments, patience: patience.statement)
        }
        return name
    }

    private func name(of sql: String) throws(PostgresError) -> String {
        if let name = prepared[sql] { return name }
        if prepared.count >= Self.preparedLimit {
            try run("DEALLOCATE ALL")
            prepared = [:]
        }
        let name = "s\(prepared.count)"
        try noting { handle throws(PostgresError) in
            try handle.prepare(Placeholders.numbered(sql), as: name, patience: patience.statement)
        }
        prepared[sql] = name
        return name
    }

    private func noting<Answer>(
        _ body: (borrowing ConnectionHandle) throws(PostgresError) -> Answer
    ) throws(PostgresError) -> Answer {
        do { return try body(handle) } catch {
            isStale = isStale || error.isLost || Self.staleStates.contains(error.sqlState ?? "")
            throw error
        }
    }

    /// C would take the text to end there.
    private static func refuseNUL(_ arguments: [String?]) throws(PostgresError) {
        guard arguments.allSatisfy({ !($0?.utf8.contains(0) ?? false) }) else {
            throw PostgresError("PostgreSQL keeps no text with a NUL in it")
        }
    }
}

/// The places of a statement's arguments.
enum Placeholders {
    /// Numbers every `?` outside quotes: `$1`, `$2` and so on.
    static func numbered(_ sql: String) -> String {
        var result = ""
        var count = 0
        var quote: Character?
        for character in sql {
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character == "?" {
                count += 1
                result += "$\(count)"
                continue
            }
            result.append(character)
        }
        return result
    }
}

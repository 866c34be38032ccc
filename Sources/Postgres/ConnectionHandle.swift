internal import CPostgres

/// One `PGconn`; used by one thread at a time.
@safe struct ConnectionHandle: ~Copyable {
    /// For this type's own files.
    let pointer: OpaquePointer

    /// Connects, and waits for it.
    ///
    /// - Parameters:
    ///   - url: `postgres://…`, or another connection string of libpq.
    ///   - defaults: What holds where `url` says nothing else, by libpq's names.
    static func connect(
        _ url: String, defaults: [(String, String)]
    ) throws(PostgresError) -> ConnectionHandle {
        // Of a name that comes twice libpq takes the later one, and a connection string as a whole
        // stands where its `dbname` stands.
        let names = CStrings(defaults.map(\.0) + ["dbname"])
        let values = CStrings(defaults.map(\.1) + [url])
        let connection = names.withPointers { names in
            values.withPointers { values in unsafe PQconnectdbParams(names, values, 1) }
        }
        guard let connection = unsafe connection else {
            throw PostgresError("no memory for a connection", isLost: true)
        }
        let handle = unsafe ConnectionHandle(owning: connection)
        guard !handle.isLost else { throw unsafe PostgresError(connection: connection) }
        // What the server only remarks would go to standard error.
        _ = unsafe PQsetNoticeReceiver(connection, { _, _ in }, nil)
        return handle
    }

    private init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe PQfinish(pointer) }

    var isLost: Bool { unsafe PQstatus(pointer) != CONNECTION_OK }

    /// Whether no transaction is open.
    var isIdle: Bool { unsafe PQtransactionStatus(pointer) == PQTRANS_IDLE }

    /// Runs statements without arguments; the answer is that of the last.
    borrowing func run(_ statements: String) throws(PostgresError) -> PostgresAnswer {
        let result = try unsafe ResultHandle.of(PQexec(pointer, statements), from: pointer)
        return try result.answer()
    }

    borrowing func prepare(_ sql: String, as name: String) throws(PostgresError) {
        _ = try unsafe ResultHandle.of(PQprepare(pointer, name, sql, 0, nil), from: pointer)
    }

    /// - Parameter arguments: As PostgreSQL writes values; none has a NUL in it.
    borrowing func runPrepared(
        _ name: String, _ arguments: [String?]
    ) throws(PostgresError) -> PostgresAnswer {
        let strings = CStrings(arguments)
        let result = strings.withPointers { values in
            unsafe PQexecPrepared(
                pointer, name, Int32(arguments.count), values, nil, nil, 0)
        }
        return try unsafe ResultHandle.of(result, from: pointer).answer()
    }

    /// As ``runPrepared(_:_:)``, for a statement that is needed once.
    borrowing func run(
        _ sql: String, _ arguments: [String?]
    ) throws(PostgresError) -> PostgresAnswer {
        let strings = CStrings(arguments)
        let result = strings.withPointers { values in
            unsafe PQexecParams(
                pointer, sql, Int32(arguments.count), nil, values, nil, nil, 0)
        }
        return try unsafe ResultHandle.of(result, from: pointer).answer()
    }
}

/// Strings as C wants an array of them, with an empty place at the end.
private struct CStrings {
    /// One after another, each with its NUL.
    private var bytes: [CChar] = []
    private var starts: [Int?] = []

    init(_ strings: [String?]) {
        for string in strings {
            guard let string else {
                starts.append(nil)
                continue
            }
            starts.append(bytes.count)
            bytes.append(contentsOf: string.utf8.lazy.map { CChar(bitPattern: $0) })
            bytes.append(0)
        }
    }

    @safe func withPointers<Answer>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Answer
    ) -> Answer {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            var pointers: [UnsafePointer<CChar>?] = unsafe starts.map { start in
                guard let start, let base = buffer.baseAddress else { return nil }
                return unsafe base + start
            }
            unsafe pointers.append(nil)
            return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
        }
    }
}

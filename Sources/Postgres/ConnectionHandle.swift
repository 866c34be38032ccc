internal import CPostgres
internal import Glibc

/// One `PGconn`; used by one thread at a time.
@safe struct ConnectionHandle: ~Copyable {
    /// For this type's own files.
    let pointer: OpaquePointer
    /// Where libpq's callback says that the server warned; freed after the connection.
    private let hasWarned: UnsafeMutablePointer<Bool>

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
        handle.noteWarnings()
        return handle
    }

    private init(owning pointer: OpaquePointer) {
        unsafe self.pointer = pointer
        unsafe hasWarned = .allocate(capacity: 1)
        unsafe hasWarned.initialize(to: false)
    }

    deinit {
        unsafe PQfinish(pointer)
        unsafe hasWarned.deallocate()
    }

    /// What the server remarks would go to standard error; whether it warns is kept.
    private borrowing func noteWarnings() {
        let receiver: PQnoticeReceiver = { place, result in
            // `PG_DIAG_SEVERITY_NONLOCALIZED` is a macro of a character.
            guard let severity = unsafe PQresultErrorField(result, Int32(UInt8(ascii: "V"))),
                unsafe String(cString: severity) == "WARNING"
            else { return }
            unsafe place?.assumingMemoryBound(to: Bool.self).pointee = true
        }
        _ = unsafe PQsetNoticeReceiver(pointer, receiver, hasWarned)
    }

    /// Whether the server has warned of something since this was asked last.
    borrowing func takeWarning() -> Bool {
        defer { unsafe hasWarned.pointee = false }
        return unsafe hasWarned.pointee
    }

    var isLost: Bool { unsafe PQstatus(pointer) != CONNECTION_OK }

    /// Whether no transaction is open.
    var isIdle: Bool { unsafe PQtransactionStatus(pointer) == PQTRANS_IDLE }

    /// Runs statements without arguments; the answer is that of the last.
    ///
    /// - Parameter patience: How long to wait for each answer; `nil` for as long as it takes. This
    ///   function and the others throw an error that says that the connection is lost when it does
    ///   not come: a server that hangs keeps its connections open.
    borrowing func run(
        _ statements: String, patience: Duration?
    ) throws(PostgresError) -> PostgresAnswer {
        try answer(toWhatWasSent: unsafe PQsendQuery(pointer, statements), patience)
    }

    borrowing func prepare(
        _ sql: String, as name: String, patience: Duration?
    ) throws(PostgresError) {
        let isSent = unsafe PQsendPrepare(pointer, name, sql, 0, nil)
        _ = try answer(toWhatWasSent: isSent, patience)
    }

    /// - Parameter arguments: As PostgreSQL writes values; none has a NUL in it.
    borrowing func runPrepared(
        _ name: String, _ arguments: [String?], patience: Duration?
    ) throws(PostgresError) -> PostgresAnswer {
        let isSent = CStrings(arguments).withPointers { values in
            unsafe PQsendQueryPrepared(
                pointer, name, Int32(arguments.count), values, nil, nil, 0)
        }
        return try answer(toWhatWasSent: isSent, patience)
    }

    /// As ``runPrepared(_:_:patience:)``, for a statement that is needed once.
    borrowing func run(
        _ sql: String, _ arguments: [String?], patience: Duration?
    ) throws(PostgresError) -> PostgresAnswer {
        let isSent = CStrings(arguments).withPointers { values in
            unsafe PQsendQueryParams(
                pointer, sql, Int32(arguments.count), nil, values, nil, nil, 0)
        }
        return try answer(toWhatWasSent: isSent, patience)
    }

    /// The last answer; the first error, if there is one.
    private borrowing func answer(
        toWhatWasSent isSent: Int32, _ patience: Duration?
    ) throws(PostgresError) -> PostgresAnswer {
        guard isSent == 1 else { throw unsafe PostgresError(connection: pointer) }
        var answer: PostgresAnswer?
        var problem: PostgresError?
        while true {
            try waitForResult(patience)
            guard let result = unsafe PQgetResult(pointer) else { break }
            do {
                answer = try unsafe ResultHandle.of(result, from: pointer).answer()
            } catch { problem = problem ?? error }
        }
        if let problem { throw problem }
        guard let answer else { throw unsafe PostgresError(connection: pointer) }
        return answer
    }

    private borrowing func waitForResult(_ patience: Duration?) throws(PostgresError) {
        let end = patience.map { ContinuousClock.now + $0 }
        while unsafe PQisBusy(pointer) == 1 {
            var wait = unsafe pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
            let isReady = unsafe poll(&wait, 1, Self.milliseconds(until: end))
            if isReady < 0, errno == EINTR { continue }
            guard isReady != 0 else {
                throw PostgresError("PostgreSQL does not answer", isSilence: true)
            }
            guard unsafe PQconsumeInput(pointer) == 1 else {
                throw unsafe PostgresError(connection: pointer)
            }
        }
    }

    /// As poll(2) takes it; rounded up, so that nobody looks too early.
    private static func milliseconds(until end: ContinuousClock.Instant?) -> Int32 {
        guard let end else { return -1 }
        let left = max(.zero, end - .now) / .milliseconds(1)
        return Int32(min(left.rounded(.up), Double(Int32.max)))
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

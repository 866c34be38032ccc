internal import CPostgres

/// One `PGresult`.
@safe struct ResultHandle: ~Copyable {
    private let pointer: OpaquePointer

    /// Takes over what libpq returned.
    ///
    /// - Throws: ``PostgresError`` for a result that is an error, and for none, which libpq returns
    ///   when there is no memory or no connection.
    static func of(
        _ result: OpaquePointer?, from connection: OpaquePointer
    ) throws(PostgresError) -> ResultHandle {
        guard let result = unsafe result else {
            throw unsafe PostgresError(connection: connection)
        }
        let handle = unsafe ResultHandle(owning: result)
        switch unsafe PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK: return handle
        case PGRES_EMPTY_QUERY: throw PostgresError("an empty statement")
        default: throw unsafe PostgresError(result: result, of: connection)
        }
    }

    private init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe PQclear(pointer) }

    borrowing func answer() throws(PostgresError) -> PostgresAnswer {
        let columnCount = unsafe PQnfields(pointer)
        var names: [String] = []
        var types: [UInt32] = []
        for column in 0..<columnCount {
            guard let name = unsafe PQfname(pointer, column) else {
                throw PostgresError("a column has no name")
            }
            unsafe names.append(String(cString: name))
            unsafe types.append(PQftype(pointer, column))
        }
        var rows: [[PostgresValue]] = []
        let rowCount = unsafe PQntuples(pointer)
        rows.reserveCapacity(Int(rowCount))
        for row in 0..<rowCount { rows.append(try values(of: row, types)) }
        return PostgresAnswer(names: names, rows: rows, changedCount: changedCount, tag: tag)
    }

    private borrowing func values(
        of row: Int32, _ types: [UInt32]
    ) throws(PostgresError) -> [PostgresValue] {
        var values: [PostgresValue] = []
        values.reserveCapacity(types.count)
        for column in types.indices {
            let number = Int32(column)
            guard unsafe PQgetisnull(pointer, row, number) == 0,
                let bytes = unsafe PQgetvalue(pointer, row, number)
            else {
                values.append(.null)
                continue
            }
            let length = unsafe Int(PQgetlength(pointer, row, number))
            let text = unsafe String(
                decoding: UnsafeRawBufferPointer(start: bytes, count: length), as: UTF8.self)
            values.append(try PostgresValue(text, type: types[column]))
        }
        return values
    }

    private var tag: String {
        guard let text = unsafe PQcmdStatus(pointer) else { return "" }
        return unsafe String(cString: text)
    }

    /// 0 for statements that change nothing.
    private var changedCount: Int {
        guard let text = unsafe PQcmdTuples(pointer) else { return 0 }
        return unsafe Int(String(cString: text)) ?? 0
    }
}

extension PostgresError {
    /// What libpq says of a connection.
    init(connection: OpaquePointer) {
        self.init(
            unsafe Self.text(PQerrorMessage(connection)) ?? "no answer",
            isLost: unsafe PQstatus(connection) != CONNECTION_OK)
    }

    fileprivate init(result: OpaquePointer, of connection: OpaquePointer) {
        // `PG_DIAG_SQLSTATE` and `PG_DIAG_MESSAGE_PRIMARY` are macros of characters.
        let state = unsafe Self.text(
            PQresultErrorField(result, Int32(UInt8(ascii: "C"))))
        let message = unsafe Self.text(
            PQresultErrorField(result, Int32(UInt8(ascii: "M"))))
        self.init(
            sqlState: state,
            unsafe message ?? Self.text(PQresultErrorMessage(result)) ?? "no reason was given",
            // An error without a code is libpq's own: the server did not answer.
            isLost: unsafe state == nil || PQstatus(connection) != CONNECTION_OK)
    }

    private static func text(_ pointer: UnsafePointer<CChar>?) -> String? {
        guard let pointer = unsafe pointer else { return nil }
        let text = unsafe String(cString: pointer)
        let line = text.split(separator: "\n").joined(separator: "; ")
        return line.isEmpty ? nil : line
    }
}

internal import CPostgres

extension ConnectionHandle {
    /// Runs a `COPY … FROM STDIN`, with `lines` in PostgreSQL's text format.
    ///
    /// The server has taken all of them when this returns, or none.
    borrowing func copy(_ statement: String, _ lines: [UInt8]) throws(PostgresError) {
        try begin(statement)
        try send(lines)
        var problem: PostgresError?
        while let result = unsafe PQgetResult(pointer) {
            do { _ = try unsafe ResultHandle.of(result, from: pointer) } catch { problem = error }
        }
        if let problem { throw problem }
    }

    private borrowing func begin(_ statement: String) throws(PostgresError) {
        let result = unsafe PQexec(pointer, statement)
        let isWaiting = unsafe PQresultStatus(result) == PGRES_COPY_IN
        guard isWaiting else {
            _ = try unsafe ResultHandle.of(result, from: pointer)
            throw PostgresError("a statement that copies nothing")
        }
        unsafe PQclear(result)
    }

    private borrowing func send(_ lines: [UInt8]) throws(PostgresError) {
        let isSent = unsafe lines.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let count = Int32(exactly: bytes.count) else {
                return unsafe bytes.isEmpty
            }
            return unsafe PQputCopyData(
                pointer, base.assumingMemoryBound(to: CChar.self), count) == 1
        }
        guard isSent, unsafe PQputCopyEnd(pointer, nil) == 1 else {
            throw unsafe PostgresError(connection: pointer)
        }
    }
}

/// Finds the end of one answer in what a connection receives, and counts its bytes.
///
/// Bodies are not kept. Only answers with a `Content-Length` are understood.
struct AnswerReader {
    private(set) var status = 0
    /// Of the body, so far.
    private(set) var bodyBytes = 0
    private var head: [UInt8] = []
    /// Of the body, still to come; `nil` before the end of the head.
    private var missingBytes: Int?

    private static let mostHeadBytes = 16_384

    /// Takes the next bytes of the connection.
    ///
    /// - Returns: Whether the answer is complete.
    mutating func take(_ bytes: ArraySlice<UInt8>) throws(LoadError) -> Bool {
        if let missing = missingBytes { return try take(body: bytes.count, of: missing) }
        head += bytes
        guard let end = Self.headEnd(head) else {
            guard head.count <= Self.mostHeadBytes else { throw .malformed }
            return false
        }
        try readHead(head[..<end])
        guard let missing = missingBytes else { throw .malformed }
        return try take(body: head.count - end, of: missing)
    }

    private mutating func take(body count: Int, of missing: Int) throws(LoadError) -> Bool {
        guard count <= missing else { throw .malformed }
        bodyBytes += count
        missingBytes = missing - count
        return count == missing
    }

    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        var place = 3
        while place < bytes.count {
            if bytes[place] == 10, bytes[place - 1] == 13, bytes[place - 2] == 10 {
                return place + 1
            }
            place += 1
        }
        return nil
    }

    private mutating func readHead(_ head: ArraySlice<UInt8>) throws(LoadError) {
        let lines = head.split(separator: 10)
        guard let first = lines.first, first.count >= 12,
            let status = Int(String(decoding: first.dropFirst(9).prefix(3), as: UTF8.self))
        else { throw .malformed }
        self.status = status
        let name = Array("content-length:".utf8)
        for line in lines.dropFirst()
        where line.count > name.count && zip(line, name).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) {
            let digits = line.dropFirst(name.count).filter { $0 != 32 && $0 != 13 }
            missingBytes = Int(String(decoding: digits, as: UTF8.self))
        }
    }
}

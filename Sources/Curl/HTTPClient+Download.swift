internal import CCurl

/// How a download ended that did not break.
public enum DownloadEnd: Hashable, Sendable {
    /// The server has sent all it wanted to; so many bytes were handed on.
    ///
    /// Whether these are all bytes of the file only its length and digest can tell.
    case complete(bytes: Int64)
    /// The receiver wanted no more.
    case stopped
    case notFound
    /// The server did not start at the offset; nothing was handed on. Start anew, from 0.
    case rangeIgnored
    /// The server has nothing from the offset on; nothing was handed on.
    case rangeNotSatisfiable
    /// The answer is not the file of that length. Nothing was handed on, except of a body that did
    /// not tell its length and ended before the file would have.
    case foreign(ForeignAnswer)
    /// The server asks to be left alone for so long; nothing was handed on.
    case later(status: Int, seconds: Int64)
    /// Another status; nothing was handed on.
    case status(Int)
}

extension HTTPClient {
    /// Fetches `url` from `offset` on; blocks until the download ends.
    ///
    /// Memory does not grow with the file. Time is bounded only by stalling, so that a large file
    /// may take its time.
    ///
    /// - Parameters:
    ///   - offset: In bytes; at least 0. What precedes it is not asked for.
    ///   - maximumBytes: The most bytes that are handed on, counted from `offset`.
    ///   - receive: Takes the next bytes; `false` ends the download.
    /// - Throws: ``HTTPError``: ``HTTPError/tooLong(limitBytes:)`` when the server sends more than
    ///   `maximumBytes`, ``HTTPError/network(_:)`` when the connection is cut.
    public func download(
        url: String, headers: [(String, String)], from offset: Int64, maximumBytes: Int64,
        receive: ([UInt8]) -> Bool
    ) throws(HTTPError) -> DownloadEnd {
        try download(
            url, headers,
            ExpectedAnswer(
                offset: offset, maximumBytes: maximumBytes, length: nil,
                isEncrypted: Self.isEncrypted(url)),
            receive)
    }

    /// Fetches the file of `length` bytes at `url` from `offset` on; blocks until that ends.
    ///
    /// As ``download(url:headers:from:maximumBytes:receive:)``, and an answer that shows by its
    /// head that it is another file is refused before a byte of it is handed on.
    ///
    /// - Parameter length: Of the whole file, in bytes; at least `offset`.
    public func download(
        url: String, headers: [(String, String)], from offset: Int64, ofLength length: Int64,
        receive: ([UInt8]) -> Bool
    ) throws(HTTPError) -> DownloadEnd {
        precondition(length >= offset, "what is missing is not negative")
        return try download(
            url, headers,
            ExpectedAnswer(
                offset: offset, maximumBytes: length - offset, length: length,
                isEncrypted: Self.isEncrypted(url)),
            receive)
    }

    private func download(
        _ url: String, _ headers: [(String, String)], _ expected: ExpectedAnswer,
        _ receive: ([UInt8]) -> Bool
    ) throws(HTTPError) -> DownloadEnd {
        let offset = expected.offset
        precondition(offset >= 0, "an offset is not negative")
        let headers = headers + (offset > 0 ? [("Range", "bytes=\(offset)-")] : [])
        return try withoutActuallyEscaping(receive) { receive throws(HTTPError) in
            let download = Download(expected, receive: receive)
            let exchange = Exchange(receive: download.receive)
            do throws(HTTPError) {
                try perform(exchange, url: url, headers: headers) { handle throws(HTTPError) in
                    try handle.set(CURLOPT_FOLLOWLOCATION, to: 1)
                }
            } catch {
                guard let end = download.end else { throw error }
                return end
            }
            return download.end ?? download.end(after: exchange.head)
        }
    }
}

/// What becomes of the bytes of one download.
private final class Download {
    private let expected: ExpectedAnswer
    private let receiver: ([UInt8]) -> Bool
    private var byteCount: Int64 = 0
    private var refusedByteCount = 0
    /// The verdict on the head of the body that comes.
    private var verdict: ExpectedAnswer.Verdict?
    /// How the download ended before the exchange did.
    private(set) var end: DownloadEnd?

    /// How much of an answer is read past, only to keep the connection.
    private static let maximumRefusedByteCount = 65_536

    init(_ expected: ExpectedAnswer, receive: @escaping ([UInt8]) -> Bool) {
        self.expected = expected
        receiver = receive
    }

    func receive(_ head: ResponseHead, _ bytes: [UInt8]) throws(HTTPError) -> Bool {
        switch verdict ?? expected.verdict(on: head) {
        case .refused(let refusal):
            end = refusal
            refusedByteCount += bytes.count
            return refusedByteCount <= Self.maximumRefusedByteCount
        case .file(let maximumBytes):
            verdict = .file(maximumBytes: maximumBytes)
            guard Int64(bytes.count) <= maximumBytes - byteCount else {
                throw .tooLong(limitBytes: maximumBytes)
            }
            byteCount += Int64(bytes.count)
            guard receiver(bytes) else {
                end = .stopped
                return false
            }
            return true
        }
    }

    /// How a download ended whose exchange ended well.
    func end(after head: ResponseHead) -> DownloadEnd {
        switch expected.verdict(on: head) {
        case .refused(let refusal): return refusal
        case .file(let maximumBytes):
            guard let length = expected.length, byteCount < maximumBytes else {
                return .complete(bytes: byteCount)
            }
            // A body that tells no length, and ends as if it were whole.
            return .foreign(.length(found: expected.offset + byteCount, expected: length))
        }
    }
}

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
        precondition(offset >= 0, "an offset is not negative")
        let headers = headers + (offset > 0 ? [("Range", "bytes=\(offset)-")] : [])
        return try withoutActuallyEscaping(receive) { receive throws(HTTPError) in
            let download = Download(offset: offset, maximumBytes: maximumBytes, receive: receive)
            let exchange = Exchange(receive: download.receive)
            do throws(HTTPError) {
                try perform(exchange, url: url, headers: headers) { handle throws(HTTPError) in
                    try handle.set(CURLOPT_FOLLOWLOCATION, to: 1)
                }
            } catch {
                guard let end = download.end else { throw error }
                return end
            }
            return download.end ?? download.refusal(of: exchange.head)
                ?? .complete(bytes: download.byteCount)
        }
    }
}

/// What becomes of the bytes of one download.
private final class Download {
    private let offset: Int64
    private let maximumBytes: Int64
    private let receiver: ([UInt8]) -> Bool
    private(set) var byteCount: Int64 = 0
    private var refusedByteCount = 0
    /// How the download ended before the exchange did.
    private(set) var end: DownloadEnd?

    /// How much of an answer is read past, only to keep the connection.
    private static let maximumRefusedByteCount = 65_536

    init(offset: Int64, maximumBytes: Int64, receive: @escaping ([UInt8]) -> Bool) {
        self.offset = offset
        self.maximumBytes = maximumBytes
        receiver = receive
    }

    func receive(_ head: ResponseHead, _ bytes: [UInt8]) throws(HTTPError) -> Bool {
        if let refusal = refusal(of: head) {
            end = refusal
            refusedByteCount += bytes.count
            return refusedByteCount <= Self.maximumRefusedByteCount
        }
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

    /// Why the body of this answer is not the file from `offset` on; `nil` when it is.
    func refusal(of head: ResponseHead) -> DownloadEnd? {
        switch head.status {
        case 200: offset == 0 ? nil : .rangeIgnored
        case 206:
            if ContentRange.start(of: head.header("content-range")) == offset {
                nil
            } else {
                offset == 0 ? .status(206) : .rangeIgnored
            }
        case 404: .notFound
        case 416: .rangeNotSatisfiable
        default: .status(head.status)
        }
    }
}

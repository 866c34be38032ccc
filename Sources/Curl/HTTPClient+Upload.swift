internal import CCurl

extension HTTPClient {
    /// Sends a body of `length` bytes piece by piece; blocks until the answer is there.
    ///
    /// Memory does not grow with the body. Time is bounded only by stalling.
    ///
    /// - Parameters:
    ///   - length: In bytes; at least 0.
    ///   - bodyLimitBytes: The most bytes of the answer's body.
    ///   - next: Gives the next bytes, at most as many as it is asked for; none when it fails.
    /// - Throws: ``HTTPError``; ``HTTPError/network(_:)`` also when `next` ends before `length`.
    public func upload(
        url: String, method: HTTPMethod, headers: [(String, String)], length: Int64,
        bodyLimitBytes: Int, next: (Int) -> [UInt8]
    ) throws(HTTPError) -> HTTPResponse {
        precondition(length >= 0, "a length is not negative")
        precondition([.put, .post, .patch].contains(method), "this method uploads nothing")
        return try withoutActuallyEscaping(next) { next throws(HTTPError) in
            let body = BoundedBody(limitBytes: bodyLimitBytes)
            let upload = Upload(length: length, next: next)
            let exchange = Exchange(receive: body.receive, next: upload.next)
            try perform(exchange, url: url, headers: headers) { handle throws(HTTPError) in
                try handle.set(CURLOPT_UPLOAD, to: 1)
                try handle.set(CURLOPT_INFILESIZE_LARGE, toOffset: length)
                try handle.set(CURLOPT_CUSTOMREQUEST, to: method.rawValue)
                // A kept connection that turns out to be closed would need the bytes once more.
                try handle.set(CURLOPT_FRESH_CONNECT, to: 1)
            }
            return HTTPResponse(head: exchange.head, body: body.bytes)
        }
    }
}

/// What is left to send of one upload.
private final class Upload {
    private var remaining: Int64
    private let supplier: (Int) -> [UInt8]

    init(length: Int64, next: @escaping (Int) -> [UInt8]) {
        remaining = length
        supplier = next
    }

    func next(_ maximumByteCount: Int) throws(HTTPError) -> [UInt8] {
        guard remaining > 0 else { return [] }
        let bytes = supplier(Int(min(Int64(maximumByteCount), remaining)))
        guard !bytes.isEmpty else {
            throw .network("the body to be sent ended \(remaining) bytes early")
        }
        remaining -= Int64(bytes.count)
        precondition(remaining >= 0, "more bytes than were asked for")
        return bytes
    }
}

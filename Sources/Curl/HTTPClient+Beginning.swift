internal import CCurl

extension HTTPClient {
    /// Asks for `url` and returns the answer, whatever its status, with the first bytes of its body.
    ///
    /// Blocks until then. Redirects are not followed.
    ///
    /// - Parameter bodyByteCount: How much of the body is kept; the rest is not fetched.
    /// - Throws: ``HTTPError``.
    public func beginning(
        of url: String, bodyByteCount: Int
    ) throws(HTTPError) -> HTTPResponse {
        let body = BodyBeginning(byteCount: bodyByteCount)
        let exchange = Exchange(receive: body.receive)
        do throws(HTTPError) {
            try perform(exchange, url: url, headers: []) { handle throws(HTTPError) in
                try handle.set(CURLOPT_TIMEOUT, to: wallTimeoutSeconds)
            }
        } catch {
            guard body.isFull else { throw error }
        }
        return HTTPResponse(head: exchange.head, body: body.bytes)
    }
}

/// The first bytes of a body.
private final class BodyBeginning {
    private(set) var bytes: [UInt8] = []
    private(set) var isFull = false
    private let byteCount: Int

    init(byteCount: Int) { self.byteCount = byteCount }

    /// Ends the exchange once there are enough.
    func receive(_ head: ResponseHead, _ more: [UInt8]) throws(HTTPError) -> Bool {
        bytes += more.prefix(byteCount - bytes.count)
        isFull = bytes.count == byteCount
        return !isFull
    }
}

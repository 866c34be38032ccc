internal import CCurl

/// A blocking HTTP client for one thread, bounded in bytes and in time.
///
/// Connections are kept between exchanges and closed with the client. A closure that a client
/// calls must not use the same client; it may use another one.
public final class HTTPClient {
    private var handle: EasyHandle
    private let options: HTTPOptions
    private var isBusy = false
    /// Whether connections and addresses from before are no longer to be relied on.
    private var mustStartAfresh = false

    /// What libcurl reads at once, in bytes: on a fast link an installation takes a twentieth less
    /// processor time than with 65,536, and the agent's largest memory is the same.
    static let bufferByteCount = 262_144

    /// The most redirects that a GET follows.
    public static let maximumRedirects = 5

    /// - Throws: ``HTTPError/library(_:)``.
    public init(options: HTTPOptions) throws(HTTPError) {
        handle = try EasyHandle()
        self.options = options
    }

    var wallTimeoutSeconds: Int { options.wallTimeoutSeconds }

    /// Sends a request and returns the whole answer, whatever its status; blocks until then.
    ///
    /// - Throws: ``HTTPError``; ``HTTPError/tooLong(limitBytes:)`` when the body of the answer is
    ///   longer than `bodyLimitBytes`.
    public func send(
        _ request: HTTPRequest, bodyLimitBytes: Int
    ) throws(HTTPError) -> HTTPResponse {
        let body = BoundedBody(limitBytes: bodyLimitBytes)
        let exchange = Exchange(receive: body.receive)
        try perform(exchange, url: request.url, headers: request.headers) {
            handle throws(HTTPError) in
            try handle.set(CURLOPT_TIMEOUT, to: options.wallTimeoutSeconds)
            switch request.method {
            case .get: try handle.set(CURLOPT_FOLLOWLOCATION, to: 1)
            case .head: try handle.set(CURLOPT_NOBODY, to: 1)
            case .post: try handle.setBody(request.body)
            case .put, .patch, .delete, .options:
                if request.method == .put || request.method == .patch || !request.body.isEmpty {
                    try handle.setBody(request.body)
                }
                try handle.set(CURLOPT_CUSTOMREQUEST, to: request.method.rawValue)
            }
        }
        return HTTPResponse(head: exchange.head, body: body.bytes)
    }

    /// Sets what all exchanges share, then what `configure` adds, and performs the exchange.
    func perform(
        _ exchange: Exchange, url: String, headers: [(String, String)],
        configure: (borrowing EasyHandle) throws(HTTPError) -> Void
    ) throws(HTTPError) {
        precondition(!isBusy, "a client does one thing at a time")
        isBusy = true
        defer { isBusy = false }
        let scheme = try Self.scheme(of: url)
        let list = try HeaderList(
            Self.headerLines(headers, areSigned: options.signature != nil))
        if mustStartAfresh { handle = try EasyHandle() }
        mustStartAfresh = false
        handle.reset()
        try handle.set(CURLOPT_URL, to: url)
        try handle.set(CURLOPT_PROTOCOLS_STR, to: "http,https")
        // Nobody on the way may take an encrypted exchange to a place that is not.
        try handle.set(CURLOPT_REDIR_PROTOCOLS_STR, to: scheme == "https" ? "https" : "http,https")
        try handle.set(CURLOPT_MAXREDIRS, to: Self.maximumRedirects)
        try handle.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, to: 1)
        try handle.set(CURLOPT_NOSIGNAL, to: 1)
        try options.set(on: handle)
        try configure(handle)
        do throws(HTTPError) { try handle.perform(exchange, headers: list) } catch {
            mustStartAfresh = error.isOfTheNetwork
            throw error
        }
        // libcurl takes a head that was cut off for one that is over.
        guard exchange.head.isComplete else {
            throw .network("the connection was closed in the middle of the headers")
        }
    }

    static func isEncrypted(_ url: String) -> Bool { url.lowercased().hasPrefix("https:") }

    private static func scheme(of url: String) throws(HTTPError) -> String {
        let scheme = url.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https", url.dropFirst(scheme.count).hasPrefix("://"),
            url.utf8.allSatisfy({ $0 > 32 && $0 != 127 })
        else { throw .badURL(url) }
        return scheme
    }

    private static func headerLines(
        _ headers: [(String, String)], areSigned: Bool
    ) throws(HTTPError) -> [String] {
        // Bytes are counted and hashed as they come, so no server may compress them. Bodies have
        // no type but the one that the caller names, and nobody waits for `100 Continue`.
        var lines = ["Accept-Encoding: identity"]
        // libcurl (7.88) signs a header that is taken away, as if it were sent empty.
        if !areSigned {
            lines.append("Expect:")
            if !headers.contains(where: { $0.0.lowercased() == "content-type" }) {
                lines.append("Content-Type:")
            }
        }
        for (name, value) in headers {
            // A line end in a value would begin a header that the caller did not mean.
            guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 0x3a }),
                value.utf8.allSatisfy({ $0 >= 32 && $0 != 127 })
            else { throw .library("header \(name) has characters that cannot be sent") }
            lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        return lines
    }
}

@available(*, unavailable)
extension HTTPClient: Sendable {}

extension HTTPError {
    /// Whether the network may be another one than before: every other connection may be dead too,
    /// and every address out of date.
    fileprivate var isOfTheNetwork: Bool {
        switch self {
        case .unreachable, .network, .timedOut, .certificate: true
        case .badURL, .tooLong, .library: false
        }
    }
}

/// The body of an answer that has to fit into memory.
final class BoundedBody {
    private(set) var bytes: [UInt8] = []
    private let limitBytes: Int

    init(limitBytes: Int) { self.limitBytes = limitBytes }

    func receive(_ head: ResponseHead, _ more: [UInt8]) throws(HTTPError) -> Bool {
        guard more.count <= limitBytes - bytes.count else {
            throw .tooLong(limitBytes: Int64(limitBytes))
        }
        bytes += more
        return true
    }
}

internal import Hummingbird
internal import Logging
internal import Orchestrator
internal import Telemetry
internal import Wire

/// Turns messages and errors into HTTP; the only place where an error becomes a status.
struct Answering: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: WebServer.Context,
        next: @concurrent (Request, WebServer.Context) async throws -> Response
    ) async throws -> Response {
        do { return try await next(request, context) } catch let refusal as Refusal {
            let response = Response(refusal: refusal, of: context)
            if response.status.code >= 500 {
                context.logger.error("request failed", metadata: ["reason": "\(refusal)"])
            } else {
                context.logger.info(
                    "request refused",
                    metadata: ["reason": "\(refusal)", "path": "\(request.uri.path)"])
            }
            return response
        } catch let error as TooLong {
            return context.error(
                "at most \(error.limitBytes) bytes fit here", status: .contentTooLarge)
        } catch let error as any HTTPResponseError {
            return context.error(error.status.reasonPhrase, status: error.status)
        }
    }
}

extension WebServer.Context {
    /// An answer that says why there is no other, and by what name the log knows the request.
    func error(
        _ reason: String, status: HTTPResponse.Status, headers: HTTPFields = [:]
    ) -> Response {
        Response(
            ErrorAnswer(error: reason, requestID: requestID?.description), status: status,
            headers: headers)
    }
}

extension Response {
    init(
        _ message: some WireMessage, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) {
        self.init(bytes: message.bytes, status: status, headers: headers)
    }

    init(bytes: [UInt8], status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) {
        var headers = headers
        headers[.contentType] = "application/json"
        self.init(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    init(refusal: Refusal, of context: WebServer.Context) {
        let (status, headers) = refusal.answer
        self = context.error("\(refusal)", status: status, headers: headers)
    }
}

extension Refusal {
    /// How HTTP says it.
    var answer: (status: HTTPResponse.Status, headers: HTTPFields) {
        switch self {
        case .malformed: (.badRequest, [:])
        case .stranger: (.unauthorized, [.wwwAuthenticate: "Bearer"])
        case .forbidden: (.forbidden, [:])
        case .unknown: (.notFound, [:])
        case .conflict: (.conflict, [:])
        case .outdated: (.preconditionFailed, [:])
        case .tooMany(let seconds): (.tooManyRequests, [.retryAfter: "\(seconds)"])
        case .invalid: (.unprocessableContent, [:])
        case .tooLong: (.contentTooLarge, [:])
        case .checksum: (.checksumMismatch, [:])
        case .store(.busy), .store(.conflict): (.serviceUnavailable, [.retryAfter: "1"])
        case .store(.unreachable): (.serviceUnavailable, [.retryAfter: "10"])
        case .store(.full): (.insufficientStorage, [.retryAfter: "60"])
        case .store(.foreign), .store(.failed), .signing:
            (.internalServerError, [.retryAfter: "30"])
        }
    }
}

extension HTTPFields {
    /// For an answer that another time may have been a better one; what says so already stays.
    mutating func sayWhenToComeBack(after status: HTTPResponse.Status) {
        guard self[.retryAfter] == nil, status.isTemporary else { return }
        self[.retryAfter] = "30"
    }
}

extension HTTPResponse.Status {
    /// Whether the request may do better later, as it is.
    var isTemporary: Bool {
        switch code {
        case 408, 425, 429: true
        // A method or a version of HTTP that the server does not know it will not know later.
        case 501, 505: false
        default: code >= 500
        }
    }

    /// tus 1.0.0, checksum extension.
    static var checksumMismatch: Self { .init(code: 460, reasonPhrase: "Checksum Mismatch") }
    /// RFC 4918 section 11.5.
    static var insufficientStorage: Self { .init(code: 507, reasonPhrase: "Insufficient Storage") }
}

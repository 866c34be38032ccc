internal import Hummingbird
internal import Logging
internal import Orchestrator
internal import Wire

/// Turns messages and errors into HTTP; the only place where an error becomes a status.
struct Answering<Context: RequestContext>: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do { return try await next(request, context) } catch let refusal as Refusal {
            let response = Response(refusal: refusal)
            if response.status.code >= 500 {
                context.logger.error("request failed", metadata: ["reason": "\(refusal)"])
            } else {
                context.logger.info(
                    "request refused",
                    metadata: ["reason": "\(refusal)", "path": "\(request.uri.path)"])
            }
            return response
        } catch let error as TooLong {
            return Response(
                ErrorAnswer(error: "at most \(error.limitBytes) bytes fit here"),
                status: .contentTooLarge)
        } catch let error as any HTTPResponseError {
            return Response(ErrorAnswer(error: error.status.reasonPhrase), status: error.status)
        }
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

    init(refusal: Refusal) {
        let answer = ErrorAnswer(error: "\(refusal)")
        switch refusal {
        case .malformed: self.init(answer, status: .badRequest)
        case .stranger:
            self.init(answer, status: .unauthorized, headers: [.wwwAuthenticate: "Bearer"])
        case .forbidden: self.init(answer, status: .forbidden)
        case .unknown: self.init(answer, status: .notFound)
        case .conflict: self.init(answer, status: .conflict)
        case .outdated: self.init(answer, status: .preconditionFailed)
        case .tooMany(let seconds):
            self.init(answer, status: .tooManyRequests, headers: [.retryAfter: "\(seconds)"])
        case .invalid: self.init(answer, status: .unprocessableContent)
        case .tooLong: self.init(answer, status: .contentTooLarge)
        case .checksum: self.init(answer, status: .checksumMismatch)
        case .store(.busy), .store(.conflict):
            self.init(answer, status: .serviceUnavailable, headers: [.retryAfter: "1"])
        case .store(.unreachable):
            self.init(answer, status: .serviceUnavailable, headers: [.retryAfter: "10"])
        case .store(.full):
            self.init(answer, status: .insufficientStorage, headers: [.retryAfter: "60"])
        case .store(.foreign), .store(.failed), .signing:
            self.init(answer, status: .internalServerError, headers: [.retryAfter: "30"])
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

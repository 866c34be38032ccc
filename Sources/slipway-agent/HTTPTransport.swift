internal import Agent
internal import Curl
internal import Model

/// The server over HTTP: one connection for messages, another for images, so that a device can
/// report while it downloads.
final class HTTPTransport: Transport {
    private let messages: HTTPClient
    private let images: HTTPClient
    private let server: String
    private let limits: Limits

    init(
        server: String, limits: Limits, maximumBytesPerSecond: Int64?
    ) throws(HTTPError) {
        var options = HTTPOptions.standard
        options.userAgent = "slipway-agent"
        messages = try HTTPClient(options: options)
        options.maximumReceiveBytesPerSecond = maximumBytesPerSecond
        images = try HTTPClient(options: options)
        self.server = server.hasSuffix("/") ? String(server.dropLast()) : server
        self.limits = limits
    }

    func checkIn(_ message: [UInt8]) throws(TransportError) -> [UInt8] {
        let answer = try send(
            HTTPRequest(
                method: .post, url: "\(server)/device/v1/check-in",
                headers: [("Content-Type", "application/json")], body: message),
            limitBytes: limits.messageBytes)
        guard answer.status == 200 else { throw refused(answer) }
        return answer.body
    }

    func metadata(_ name: String, limitBytes: Int) throws(TransportError) -> [UInt8]? {
        let answer = try send(
            HTTPRequest(
                method: .get, url: "\(server)/repository/metadata/\(URLPath.encode(name))",
                headers: [], body: []),
            limitBytes: limitBytes)
        switch answer.status {
        case 200: return answer.body
        // File stores that do not list their files answer 403 for those that are not there.
        case 403, 404: return nil
        default: throw refused(answer)
        }
    }

    func image(
        _ path: String, from offset: Int64, maximumBytes: Int64, receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd {
        let end: DownloadEnd
        do {
            end = try images.download(
                url: "\(server)/repository/targets/\(path)", headers: [], from: offset,
                maximumBytes: maximumBytes, receive: receive)
        } catch { throw TransportError(error) }
        switch end {
        case .complete: return .complete
        case .stopped: return .stopped
        case .notFound: return .absent
        case .rangeIgnored, .rangeNotSatisfiable: return .cannotResume
        case .status(let status): throw .refused(status: status, "no image")
        }
    }

    private func send(
        _ request: HTTPRequest, limitBytes: Int
    ) throws(TransportError) -> HTTPResponse {
        do { return try messages.send(request, bodyLimitBytes: limitBytes) } catch {
            throw TransportError(error)
        }
    }

    private func refused(_ answer: HTTPResponse) -> TransportError {
        .refused(
            status: answer.status, String(decoding: answer.body.prefix(300), as: UTF8.self))
    }
}

extension TransportError {
    fileprivate init(_ error: HTTPError) {
        switch error {
        case .tooLong: self = .tooLong
        case .badURL, .unreachable, .network, .timedOut, .library: self = .unreachable("\(error)")
        }
    }
}

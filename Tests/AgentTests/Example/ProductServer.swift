import Agent
import Curl
import Model

/// The way to the server, over HTTP.
final class ProductServer: Transport {
    private let address: String
    /// Two connections, because the agent checks in while an image is on its way.
    private let messages: HTTPClient
    private let images: HTTPClient

    /// - Parameter address: Such as `https://updates.example.com`, without a slash at the end.
    init(at address: String) throws(HTTPError) {
        self.address = address
        messages = try HTTPClient(options: .standard)
        images = try HTTPClient(options: .standard)
    }

    func checkIn(_ message: [UInt8]) throws(TransportError) -> [UInt8] {
        let answer = try send(
            HTTPRequest(
                method: .post, url: "\(address)/device/v1/check-in",
                headers: [("Content-Type", "application/json")], body: message),
            limitBytes: Limits.standard.messageBytes)
        guard answer.status == 200 else { throw .refused(status: answer.status, "no answer") }
        return answer.body
    }

    func metadata(_ name: String, limitBytes: Int) throws(TransportError) -> [UInt8]? {
        let url = "\(address)/repository/metadata/\(URLPath.encode(name))"
        let answer = try send(HTTPRequest(method: .get, url: url), limitBytes: limitBytes)
        switch answer.status {
        case 200: return answer.body
        case 404: return nil
        default: throw .refused(status: answer.status, "no metadata")
        }
    }

    func image(
        _ path: String, from offset: Int64, maximumBytes: Int64, receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd {
        let end: DownloadEnd
        do {
            end = try images.download(
                url: "\(address)/repository/targets/\(path)", headers: [], from: offset,
                ofLength: offset + maximumBytes, receive: receive)
        } catch { throw trouble(error) }
        switch end {
        case .complete: return .complete
        case .stopped: return .stopped
        case .notFound: return .absent
        case .rangeIgnored, .rangeNotSatisfiable: return .cannotResume
        case .foreign(let answer): throw .foreign("\(answer)")
        case .later(let status, let seconds):
            throw .busy(status: status, retryAfterSeconds: seconds)
        case .status(let status): throw .refused(status: status, "no image")
        }
    }

    private func send(
        _ request: HTTPRequest, limitBytes: Int
    ) throws(TransportError) -> HTTPResponse {
        do { return try messages.send(request, bodyLimitBytes: limitBytes) } catch {
            throw trouble(error)
        }
    }

    /// A server that never ends is an attack; anything else may be better next time.
    private func trouble(_ error: HTTPError) -> TransportError {
        if case .tooLong = error { return .tooLong }
        return .unreachable("\(error)")
    }
}

internal import Agent
internal import Curl
internal import Model

/// The repository's files at one place that HTTP reaches.
struct HTTPSource: UpdateSource {
    /// The URL of the folder with `metadata` and `targets`.
    let base: String
    let messages: HTTPClient
    let images: HTTPClient
    let clock: any AgentClock

    func metadata(_ name: String, limitBytes: Int) throws(TransportError) -> [UInt8]? {
        let answer: HTTPResponse
        do {
            answer = try messages.send(
                HTTPRequest(
                    method: .get, url: "\(base)/metadata/\(URLPath.encode(name))",
                    headers: [], body: []),
                bodyLimitBytes: limitBytes)
        } catch { throw TransportError(error, by: clock) }
        if let reason = foreignness(of: answer) { throw .foreign(reason) }
        switch answer.status {
        case 200: return answer.body
        // File stores that do not list their files answer 403 for those that are not there.
        case 403, 404: return nil
        default: throw TransportError(refusing: answer)
        }
    }

    /// Why the answer cannot be the repository's; `nil` when it may be.
    private func foreignness(of answer: HTTPResponse) -> String? {
        let isEncrypted = base.hasPrefix("https:")
        if answer.isRedirected && !isEncrypted && answer.status != 200 {
            return "\(ForeignAnswer.redirected(status: answer.status))"
        }
        guard answer.status == 200 else { return nil }
        // Metadata is JSON, whatever type a server takes a file for.
        let first = answer.body.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d }
        guard first == UInt8(ascii: "<") || first == nil && answer.isWebPage else { return nil }
        return "\(ForeignAnswer.webPage)"
    }

    func image(
        _ path: String, from offset: Int64, maximumBytes: Int64, receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd {
        let end: DownloadEnd
        do {
            end = try images.download(
                url: "\(base)/targets/\(path)", headers: [], from: offset,
                ofLength: offset + maximumBytes, receive: receive)
        } catch { throw TransportError(error, by: clock) }
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
}

extension TransportError {
    init(_ error: HTTPError, by clock: any AgentClock) {
        switch error {
        case .tooLong: self = .tooLong
        case .certificate(.notYetValid, _), .certificate(.expired, _):
            self = .unreachable("\(error) (this device's clock says \(clock.now))")
        case .badURL, .unreachable, .network, .timedOut, .certificate(.other, _), .library:
            self = .unreachable("\(error)")
        }
    }

    /// What an answer says that is not a success.
    init(refusing answer: HTTPResponse) {
        // A server that cannot answer, for whatever reason, knows best when it will.
        if answer.status == 429 || answer.status >= 500, let seconds = answer.retryAfterSeconds {
            self = .busy(status: answer.status, retryAfterSeconds: seconds)
            return
        }
        let text = String(decoding: answer.body.prefix(300), as: UTF8.self)
        self = .refused(status: answer.status, text)
    }
}

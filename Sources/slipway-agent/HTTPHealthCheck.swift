internal import Agent
internal import Curl
internal import Model

/// A page that answers with a good status, and says what it should.
struct HTTPHealthCheck: HealthCheck {
    let url: String
    /// `nil` for any from 200 to 399.
    let status: Int?
    /// What has to stand in the beginning of the page.
    let text: String?

    /// How much of the page is looked at, in bytes.
    private static let bodyByteCount = 65_536

    func run(in slot: SlotName, within time: Duration) -> HealthVerdict {
        let seconds = Int(clamping: time.components.seconds)
        guard seconds >= 1 else { return .unhealthy("less than a second was left to ask \(url)") }
        var options = HTTPOptions.standard
        options.userAgent = "slipway-agent"
        options.wallTimeoutSeconds = min(seconds, 3600)
        options.connectTimeoutSeconds = min(options.connectTimeoutSeconds, seconds)
        do throws(HTTPError) {
            // A client for each try, so that no connection from before is taken for a new one.
            return verdict(
                try HTTPClient(options: options)
                    .beginning(of: url, bodyByteCount: Self.bodyByteCount))
        } catch { return .unhealthy("\(url): \(error)") }
    }

    private func verdict(_ answer: HTTPResponse) -> HealthVerdict {
        let isGood = status.map { $0 == answer.status } ?? (200..<400).contains(answer.status)
        guard isGood else {
            let expected = status.map { ", not with \($0)" } ?? ""
            return .unhealthy("\(url) answers with the status \(answer.status)\(expected)")
        }
        guard let text, !contains(answer.body, Array(text.utf8)) else { return .healthy }
        return .unhealthy("\(url) does not say \"\(text)\"")
    }

    private func contains(_ body: [UInt8], _ words: [UInt8]) -> Bool {
        guard !words.isEmpty else { return true }
        guard body.count >= words.count else { return false }
        return (0...(body.count - words.count)).contains { start in
            body[start] == words[0] && body[start..<(start + words.count)].elementsEqual(words)
        }
    }
}

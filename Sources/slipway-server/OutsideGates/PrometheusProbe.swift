internal import Curl
internal import Model
internal import Rollouts

/// Asks a Prometheus server one instant query over its HTTP interface.
struct PrometheusProbe: Sendable {
    let base: OutsideAddress
    let timeout: Duration
    /// Besides its own.
    var headers: [(String, String)] = []

    /// The longest answer; some thousand series.
    static let answerLimitBytes = 1_048_576

    /// Blocks until the answer is there.
    func answer(to query: String, pass: PassCondition) -> OutsideAnswer {
        let slash = base.text.hasSuffix("/") ? "" : "/"
        let url = "\(base.text)\(slash)api/v1/query?query=\(URLPath.encode(query))"
        do {
            let response = try HTTPClient(options: .probing(within: timeout)).send(
                HTTPRequest(
                    method: .get, url: url,
                    headers: [("Accept", "application/json")] + headers),
                bodyLimitBytes: Self.answerLimitBytes)
            return PrometheusAnswer(status: response.status, body: response.body).judged(by: pass)
        } catch { return .unknown("Prometheus: \(error)") }
    }
}

extension HTTPOptions {
    /// The whole exchange ends within the timeout of a check, which is 1 to 60 seconds.
    static func probing(within timeout: Duration) -> HTTPOptions {
        let seconds = max(1, Int(timeout.components.seconds))
        return HTTPOptions(
            connectTimeoutSeconds: seconds, stallTimeoutSeconds: seconds,
            wallTimeoutSeconds: seconds, maximumReceiveBytesPerSecond: nil,
            userAgent: "slipway-server")
    }
}

internal import Curl
import Foundation
internal import Rollouts
internal import Server

/// Carries OTLP requests to the endpoint of the settings, one after another.
struct OTLPSender: Sendable {
    private let base: String
    private let headers: [(String, String)]
    /// libcurl keeps a thread waiting until the endpoint has answered.
    private let queue = BlockingWork(label: "slipway-server.otlp")

    enum Signal: String, Hashable, Sendable, CaseIterable {
        case traces
        case metrics
    }

    enum Result: Hashable, Sendable {
        case taken
        /// Worth another try, after so many seconds if the endpoint said so.
        case later(seconds: Int?)
        case unreachable(String)
        case refused(status: Int)

        static let words = ["taken", "later", "unreachable", "refused"]

        var word: String {
            switch self {
            case .taken: "taken"
            case .later: "later"
            case .unreachable: "unreachable"
            case .refused: "refused"
            }
        }
    }

    /// Of an answer, which says little.
    private static let answerLimitBytes = 65_536

    /// - Throws: ``ServerProblem/configuration(_:)`` for an endpoint or headers that are none.
    init(_ settings: ServerSettings) throws(ServerProblem) {
        let text = settings.otlpEndpoint ?? ""
        guard let address = OutsideAddress(text), !text.contains("?") else {
            throw .configuration(
                // What it says may hold a password.
                "otlp_endpoint: expected an address such as http://127.0.0.1:4318, without user"
                    + " and query")
        }
        base = address.text.hasSuffix("/") ? String(address.text.dropLast()) : address.text
        var headers = [("Content-Type", "application/json")]
        for pair in (settings.otlpHeaders ?? "").split(separator: ",") {
            let halves = pair.split(separator: "=", maxSplits: 1)
            guard halves.count == 2 else {
                // What it says may be a secret.
                throw .configuration("otlp_headers: expected name=value, separated by commas")
            }
            headers.append(
                (
                    halves[0].trimmingCharacters(in: .whitespaces),
                    halves[1].trimmingCharacters(in: .whitespaces)
                ))
        }
        self.headers = headers
    }

    func send(_ signal: Signal, _ body: [UInt8], within timeout: Duration) async -> Result {
        await queue.run { exchange(signal, body, within: timeout) }
    }

    private func exchange(_ signal: Signal, _ body: [UInt8], within timeout: Duration) -> Result {
        let request = HTTPRequest(
            method: .post, url: "\(base)/v1/\(signal.rawValue)", headers: headers, body: body)
        do {
            let answer = try HTTPClient(options: .probing(within: timeout)).send(
                request, bodyLimitBytes: Self.answerLimitBytes)
            switch answer.status {
            case 200..<300: return .taken
            // Those that the specification of OTLP/HTTP says to try again.
            case 429, 502, 503, 504:
                return .later(seconds: answer.header("retry-after").flatMap { Int($0) })
            default: return .refused(status: answer.status)
            }
        } catch { return .unreachable("\(error)") }
    }
}

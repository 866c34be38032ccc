import Foundation
internal import Curl
internal import Model
internal import OpenSSL
internal import Orchestrator

/// Takes an event to the address of a web hook.
///
/// No redirect is followed, and unless whoever runs the server has named the address, no connection
/// goes to a private network: neither by a name that leads there nor by a proxy.
struct WebHookSender: Sendable {
    private let queue = BlockingQueue()

    private static let timeoutSeconds = 10
    /// An address says that it took the event by its status; few have more to tell.
    private static let answerLimitBytes = 65_536

    func send(_ delivery: WebHookDelivery, now: Instant) async -> WebHookOutcome {
        await queue.run(orAtEnd: .failed("the server was stopping")) {
            Self.post(delivery, now: now)
        }
    }

    /// Blocks until the answer is there.
    private static func post(_ delivery: WebHookDelivery, now: Instant) -> WebHookOutcome {
        do {
            let signature = try signature(of: delivery.body, by: delivery.secret, at: now)
            var options = HTTPOptions.probing(within: .seconds(timeoutSeconds))
            if !delivery.isTrusted {
                options.refusesPrivateAddresses = true
                options.proxy = .none
            }
            let answer = try HTTPClient(options: options).send(
                HTTPRequest(
                    method: .post, url: delivery.url,
                    headers: [
                        ("Content-Type", "application/json"), ("Slipway-Signature", signature),
                        ("Slipway-Webhook", delivery.hook.text),
                        ("Slipway-Event", "\(delivery.event.number)"),
                    ], body: delivery.body), bodyLimitBytes: answerLimitBytes)
            return outcome(status: answer.status)
        } catch { return .failed("\(error)") }
    }

    private static func outcome(status: Int) -> WebHookOutcome {
        switch status {
        case 200..<300: .delivered
        // These ask for patience.
        case 408, 425, 429: .failed("the address answers \(status)")
        case 400..<500: .refused("the address answers \(status)")
        default: .failed("the address answers \(status)")
        }
    }

    /// `t=SECONDS,v1=HEX`: the code is over the seconds, a dot, and the body, so that whoever has
    /// heard a delivery once cannot repeat it later.
    static func signature(
        of body: [UInt8], by secret: String, at now: Instant
    ) throws(OpenSSLError) -> String {
        let moment = now.secondsSinceEpoch
        let code = try MessageAuthentication.hmacSHA256(
            Array("\(moment).".utf8) + body, key: Array(secret.utf8))
        return "t=\(moment),v1=\(Hex.encode(code))"
    }
}

internal import Curl
internal import JSON
internal import Model
internal import Orchestrator
internal import Rollouts

/// Tells a web hook of the open wave and takes its answer.
///
/// No redirect is followed: it would lead to where nobody has allowed the server to go.
struct WebHookProbe: Sendable {
    let address: OutsideAddress
    let timeout: Duration
    /// Besides its own.
    var headers: [(String, String)] = []

    static let answerLimitBytes = 65_536

    /// Blocks until the answer is there.
    func answer(to question: OutsideQuestion, of check: CheckName) -> OutsideAnswer {
        let request = HTTPRequest(
            method: .post, url: address.text,
            headers: [("Content-Type", "application/json")] + headers,
            body: question.json(of: check).compactBytes)
        do {
            let response = try HTTPClient(options: .probing(within: timeout)).send(
                request, bodyLimitBytes: Self.answerLimitBytes)
            guard response.status == 200 else {
                return .unknown("the web hook answers \(response.status)")
            }
            return Self.answer(in: response.body)
        } catch { return .unknown("web hook: \(error)") }
    }

    /// Read strictly: two members of one name must not be one to us and the other to its author.
    private static func answer(in body: [UInt8]) -> OutsideAnswer {
        do {
            let value = try JSONValue(parsing: body, limits: .standard(bytes: answerLimitBytes))
            let fields = try JSONFields(value)
            let reason = try fields.optionalString("reason", maximumByteCount: answerLimitBytes)
            switch try fields.string("answer") {
            case "pass": return .pass
            case "fail": return .fail(reason ?? "no reason given")
            case "unknown": return .unknown(reason ?? "no reason given")
            default: return .unknown("the web hook answers neither pass nor fail nor unknown")
            }
        } catch { return .unknown("the web hook's answer cannot be read: \(error)") }
    }
}

extension OutsideQuestion {
    /// What web hooks and commands are told; waves are counted from 1, as people do.
    func json(of check: CheckName) -> JSONValue {
        [
            "check": .string(check.text), "rollout": .string(rollout.text),
            "release": .string("\(release)"), "wave": .integer(Int64(wave) + 1),
            "wave_name": .string(waveName), "since": .string("\(since)"),
            "proven": .integer(Int64(proven)), "failed": .integer(Int64(failed)),
            "now": .string("\(now)"),
        ]
    }
}

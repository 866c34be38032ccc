import Curl
import Foundation
import Model
import Rollouts

/// Sends requests of one thread to whichever server is up.
final class LoadClient {
    let site: Site
    let gate: LoadGate
    let ledger: Ledger
    var random: SeededGenerator
    private let http: HTTPClient

    /// What became of a request.
    enum Reply {
        case answer(HTTPResponse)
        /// The server could not do it now, and has said when to come back.
        case later
        /// Nobody knows whether the server has done it.
        case lost
    }

    init(_ site: Site, _ gate: LoadGate, _ ledger: Ledger, seed: UInt64) throws {
        (self.site, self.gate, self.ledger) = (site, gate, ledger)
        random = SeededGenerator(seed: seed)
        http = try HTTPClient(options: .standard)
    }

    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    /// The address of a server that is up; `nil` when the run is over.
    func address() -> String? {
        let pick = Int.random(in: 0..<4, using: &random)
        return gate.waitForServer { site.address(pick) }
    }

    func send(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8] = [],
        _ headers: [(String, String)] = []
    ) -> Reply {
        guard let address = address() else { return .lost }
        let request = HTTPRequest(
            method: method, url: "\(address)\(path)", headers: headers, body: body)
        guard let answer = try? http.send(request, bodyLimitBytes: 16_777_216) else {
            ledger.count("lost")
            return .lost
        }
        gate.countAnswer()
        ledger.count("\(answer.status)")
        guard answer.status >= 500 || answer.status == 429 || answer.status == 408 else {
            return .answer(answer)
        }
        if answer.header("retry-after").flatMap({ Int($0) }).map({ $0 < 1 }) ?? true {
            ledger.accuse("\(method) \(path): \(answer.status) without a time to come back")
        }
        // A server that cannot do it says that it cannot do it now, not that it is broken.
        if answer.status == 500 {
            ledger.accuse("\(method) \(path): 500 \(String(decoding: answer.body, as: UTF8.self))")
        }
        return .later
    }

    /// As an operator; `nil` where the answer has to be asked for again.
    func ask(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8] = [],
        _ headers: [(String, String)] = [], as token: String? = nil
    ) -> HTTPResponse? {
        let right = ("Authorization", "Bearer \(token ?? site.operatorToken)")
        switch send(method, "/api/v1/\(path)", body, headers + [right]) {
        case .answer(let answer): return answer
        case .later, .lost: return nil
        }
    }
}

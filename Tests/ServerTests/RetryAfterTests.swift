import Hummingbird
import Orchestrator
import Testing

@testable import Server

/// Every answer is right, or says when to come back.
@Suite struct RetryAfterTests {
    /// One of each; the switch below does not compile when one is added.
    private static let refusals: [Refusal] = [
        .malformed("x"), .stranger("x"), .forbidden("x"), .unknown("x"), .conflict("x"),
        .outdated("x"), .invalid("x"), .tooLong(limitBytes: 1), .tooMany(retryAfterSeconds: 7),
        .checksum, .signing("x"), .store(.busy), .store(.full), .store(.conflict),
        .store(.foreign("x")), .store(.failed("x")), .store(.unreachable("x")),
    ]

    /// Whether asking again, with nothing changed by whoever asks, may help.
    private static func mayHelp(_ refusal: Refusal) -> Bool {
        switch refusal {
        case .malformed, .stranger, .forbidden, .unknown, .conflict, .outdated, .invalid, .tooLong,
            .checksum:
            false
        case .tooMany, .store, .signing: true
        }
    }

    @Test(arguments: refusals)
    func aRefusalThatPassesSaysWhen(refusal: Refusal) throws {
        let answer = Response(refusal: refusal)
        let wait = answer.headers[.retryAfter].flatMap { Int($0) }
        #expect((wait ?? 0 >= 1) == Self.mayHelp(refusal), "\(answer.status)")
        #expect(answer.status.isTemporary == Self.mayHelp(refusal), "\(answer.status)")
    }

    /// What no code of ours answers goes through the same door.
    @Test func noTemporaryAnswerLeavesWithoutIt() {
        let temporary: Set<Int> = [408, 425, 429]
        for code in 200..<600 {
            var headers: HTTPFields = [:]
            headers.sayWhenToComeBack(after: .init(code: code))
            let says = headers[.retryAfter] != nil
            let isOurs = code >= 500 && code != 501 && code != 505
            #expect(says == (temporary.contains(code) || isOurs), "\(code)")
        }
        var headers: HTTPFields = [.retryAfter: "7"]
        headers.sayWhenToComeBack(after: .serviceUnavailable)
        #expect(headers[.retryAfter] == "7")
    }
}

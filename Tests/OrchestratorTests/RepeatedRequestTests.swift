import Model
import OpenSSL
import Orchestrator
import TestSupport
import Testing
import Trust
import Wire

/// A request that is sent again creates nothing more.
@Suite struct RepeatedRequestTests {
    private let world: World
    private let orchestrator: Orchestrator

    init() async throws {
        world = try World()
        orchestrator = try await world.orchestrator()
    }

    private func key(_ text: String, _ body: String, by name: String = "ada") -> RequestKey {
        orchestrator.requestKey(
            text, by: must(OperatorName(name)), request: "POST /api/v1/webhooks",
            Array(body.utf8))
    }

    private func add(_ key: RequestKey?) async throws(Refusal) -> WebHookSummary {
        try await orchestrator.addWebHook(
            WebHookRequest(url: "https://hooks.example.com/a", kinds: [], secret: nil),
            by: World.author, once: key)
    }

    private func hookCount() async throws -> Int {
        try await orchestrator.webHooks().items.count
    }

    @Test func theSameAgainIsAnsweredTheSame() async throws {
        let first = try await add(key("k", "a"))
        // Another server, or the same one after a crash.
        let other = try await world.orchestrator()
        let second = try await other.addWebHook(
            WebHookRequest(url: "https://hooks.example.com/a", kinds: [], secret: nil),
            by: World.author, once: key("k", "a"))
        #expect(second == first)
        #expect(second.secret == first.secret)
        #expect(try await hookCount() == 1)
        _ = try await add(nil)
        #expect(try await hookCount() == 2)
    }

    @Test func manyAtOnceCreateOne() async throws {
        let ids = try await withThrowingTaskGroup(of: WebHookID.self) { group in
            for _ in 0..<20 { group.addTask { try await add(key("k", "a")).id } }
            return try await group.reduce(into: Set<WebHookID>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        #expect(try await hookCount() == 1)
    }

    @Test func refusesAnotherRequestUnderTheKey() async throws {
        _ = try await add(key("k", "a"))
        await #expect(throws: Refusal.self) { try await add(key("k", "b")) }
        #expect(try await hookCount() == 1)
        // Keys of different people have nothing to do with each other.
        _ = try await add(key("k", "b", by: "bob"))
        #expect(try await hookCount() == 2)
    }

    @Test func forgetsAfterADay() async throws {
        _ = try await add(key("k", "a"))
        world.clock.advance(seconds: 86_399)
        _ = try await add(key("k", "a"))
        #expect(try await hookCount() == 1)
        world.clock.advance(seconds: 2)
        _ = try await add(key("k", "a"))
        #expect(try await hookCount() == 2)
    }

    @Test func aRefusalIsNotKept() async throws {
        let request = StartRequest(
            file: .simple("r", waves: RolloutTests.waves),
            digest: OpenSSLHashing().sha256(Array("no plan".utf8)))
        await #expect(throws: Refusal.self) {
            try await orchestrator.start(request, by: World.author, once: key("k", "r"))
        }
        // Nothing was done, so the key is free for the same request and any other.
        _ = try await add(key("k", "a"))
        #expect(try await hookCount() == 1)
    }
}

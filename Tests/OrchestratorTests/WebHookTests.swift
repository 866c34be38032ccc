import Foundation
import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// Events reach each web hook in order and at least once, or end as dead letters.
@Suite struct WebHookTests {
    private let world: World
    private let orchestrator: Orchestrator

    init() async throws {
        world = try World()
        orchestrator = try await world.orchestrator()
    }

    private func add(
        _ url: String = "https://hooks.example.com/a", kinds: [EventKind] = []
    ) async throws(Refusal) -> WebHookSummary {
        try await orchestrator.addWebHook(
            WebHookRequest(url: url, kinds: kinds, secret: nil), by: World.author)
    }

    /// Lets something happen that is about no device and no rollout.
    private func happen(_ name: String) async throws {
        _ = try await orchestrator.save(
            CohortRequest(selector: "all"), as: must(CohortName(name)), by: World.author)
    }

    private func due(_ hook: WebHookSummary) async throws -> WebHookDelivery? {
        try await orchestrator.dueDelivery(for: hook.id)
    }

    private func book(_ outcome: WebHookOutcome, of delivery: WebHookDelivery) async throws {
        try await orchestrator.book(outcome, of: delivery, luck: 0)
    }

    @Test func deliversInOrderAndMovesOnOnlyWhenTaken() async throws {
        try await happen("before")
        let hook = try await add()
        try await happen("a")
        try await happen("b")
        var told: [String] = []
        while let delivery = try await due(hook) {
            // Until it is booked, the same one is due: a killed server sends it again.
            let again = try await due(hook)
            #expect(again == delivery)
            told.append(delivery.event.event.what)
            try await book(.delivered, of: delivery)
        }
        #expect(told.count == 3)
        #expect(told.first?.contains("web hook \(hook.id) added") == true)
        #expect(told.dropFirst().map { $0.contains("cohort a") } == [true, false])
    }

    @Test func oldNewsOfTheSameDeliveryChangesNothing() async throws {
        let hook = try await add()
        let delivery = try #require(try await due(hook))
        try await book(.failed("cut"), of: delivery)
        try await book(.failed("cut"), of: delivery)
        let failing = try await orchestrator.webHook(hook.id)
        #expect(failing.failures == 1)
        world.clock.advance(seconds: 1)
        let second = try #require(try await due(hook))
        try await book(.delivered, of: second)
        try await book(.failed("late"), of: second)
        let done = try await orchestrator.webHook(hook.id)
        #expect(done.failures == 0 && done.position == second.event.number)
    }

    @Test func waitsTwiceAsLongAfterEachFailure() async throws {
        let hook = try await add()
        var pauses: [Int] = []
        for _ in 0..<5 {
            let delivery = try #require(try await due(hook))
            try await book(.failed("500"), of: delivery)
            var seconds = 0
            while try await due(hook) == nil {
                world.clock.advance(seconds: 1)
                seconds += 1
            }
            pauses.append(seconds)
        }
        #expect(pauses == [1, 2, 4, 8, 16])
    }

    @Test func keepsWhatNobodyTookForADayAndGoesOn() async throws {
        let hook = try await add()
        try await happen("a")
        let first = try #require(try await due(hook))
        while let delivery = try await due(hook), delivery.event == first.event {
            try await book(.failed("nobody listens"), of: delivery)
            while try await due(hook) == nil { world.clock.advance(seconds: 600) }
        }
        let letters = try await orchestrator.deadLetters(of: hook.id, after: 0).items
        #expect(letters.map(\.event.number) == [first.event.number])
        #expect(letters.first?.problem == "nobody listens")
        #expect(
            try #require(letters.first).at
                >= hook.created.advanced(by: .seconds(86_400)))
        let next = try #require(try await due(hook))
        #expect(next.event.event.what.contains("cohort a"))

        // Asked for, it goes out before what is newer, and is gone when it was taken.
        let asked = try await orchestrator.redeliver(
            RedeliveryRequest(number: first.event.number), of: hook.id, by: World.author)
        #expect(asked.count == 1)
        let again = try #require(try await due(hook))
        #expect(again.event == first.event && again.isDeadLetter)
        try await book(.failed("still nobody"), of: again)
        let kept = try await orchestrator.deadLetters(of: hook.id, after: 0).items
        #expect(kept.first?.problem == "still nobody")
        _ = try await orchestrator.redeliver(
            RedeliveryRequest(number: nil), of: hook.id, by: World.author)
        try await book(.delivered, of: try #require(try await due(hook)))
        let left = try await orchestrator.deadLetters(of: hook.id, after: 0).items
        #expect(left.isEmpty)
    }

    @Test func givesUpEarlierWhatAnAddressRefuses() async throws {
        let hook = try await add()
        let first = try #require(try await due(hook))
        var tries = 0
        while let delivery = try await due(hook), delivery.event == first.event {
            tries += 1
            try await book(.refused("400"), of: delivery)
            for _ in 0..<600 where try await due(hook) == nil { world.clock.advance(seconds: 1) }
        }
        #expect(tries == 10)
        let letters = try await orchestrator.deadLetters(of: hook.id, after: 0).items
        #expect(letters.map(\.attempts) == [10])
    }

    @Test func tellsOnlyWhatIsAskedFor() async throws {
        let hook = try await add(kinds: [.device])
        try await happen("a")
        var device = TestDevice(1)
        _ = try await device.checkIn(orchestrator)
        let delivery = try #require(try await due(hook))
        #expect(delivery.event.event.device == device.id)
        let body = try EventSummary(parsing: delivery.body, limitBytes: 65_536)
        #expect(body.kind == .device)
    }

    @Test(arguments: [
        "http://hooks.example.com/a", "ftp://x", "https://", "https://user@host/", "", "HTTPS://x/",
        "https://x/../y", "http://127.0.0.1/", "file:///etc/passwd",
    ])
    func refusesAnAddressThatIsNotToBeCalled(url: String) async throws {
        await #expect(throws: Refusal.self) { try await add(url) }
        let hooks = try await orchestrator.webHooks()
        #expect(hooks.items.isEmpty)
    }

    @Test func showsASecretOnce() async throws {
        let added = try await add()
        #expect(added.secret.map { $0.utf8.count >= 32 } == true)
        let shown = try await orchestrator.webHook(added.id)
        #expect(shown.secret == nil)
        let list = try await orchestrator.webHooks()
        #expect(list.items.allSatisfy { $0.secret == nil })
    }
}

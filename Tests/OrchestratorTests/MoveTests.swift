import Audit
import Foundation
import Model
import OpenSSL
import Orchestrator
import Stores
import TestSupport
import Testing
import Wire

/// P4 and P2: a fleet that moves to PostgreSQL in the middle of a rollout goes on with it.
@Suite struct MoveTests {
    private let world: World
    private let address: String

    init() throws {
        world = try World()
        address = try PostgresServer.shared.get().makeDatabase()
    }

    private struct Left {
        var devices: [TestDevice]
        let offer: Offer
        let token: NewToken
        let hook: WebHookSummary
        let waiting: WebHookDelivery?
    }

    /// What the server on SQLite was in the middle of when it was stopped.
    private func stopped() async throws -> Left {
        let orchestrator = try await world.orchestrator()
        let token = try await orchestrator.makeToken(TokenTests.request(), by: TokenTests.root)
        let hook = try await orchestrator.addWebHook(
            WebHookRequest(url: "https://hooks.example.com/a", kinds: [], secret: nil),
            by: World.author)
        try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(6, orchestrator)
        try await orchestrator.start(
            .simple("r", gate: .init(overdueAfter: "10d"), concurrent: 2))
        try await devices.prove(5, orchestrator)
        let offer = try #require(try await devices[0].checkIn(orchestrator).offer)
        let other = try await devices[1].checkIn(orchestrator).offer
        #expect(other != nil)
        let third = try await devices[2].checkIn(orchestrator).offer
        #expect(third == nil)
        _ = try await orchestrator.signAudit()
        return Left(
            devices: devices, offer: offer, token: token, hook: hook,
            waiting: try await orchestrator.dueDelivery(for: hook.id))
    }

    private func move() throws {
        let move = StoreMove(
            from: world.databasePath, to: address, hashing: OpenSSLHashing(),
            makeID: { UUID().uuidString }, report: { _ in })
        guard case .moved = try move.run() else {
            Issue.record("it was moved before")
            return
        }
    }

    @Test func aRolloutGoesOnWhereItWas() async throws {
        var left = try await stopped()
        try move()
        let orchestrator = try await world.orchestrator(store: PostgresStore(url: address))

        // The lease is held, and the limit with it.
        let again = try await left.devices[0].checkIn(orchestrator).offer
        #expect(again?.nonce == left.offer.nonce)
        let third = try await left.devices[2].checkIn(orchestrator).offer
        #expect(third == nil)
        left.devices[0].boots(left.offer)
        _ = try await left.devices[0].checkIn(orchestrator, .proven(left.offer.nonce))
        let tally = try await orchestrator.rollout(must(RolloutName("r"))).waves[0]
        #expect(tally.proven == 2)
        let free = try await left.devices[2].checkIn(orchestrator).offer
        #expect(free != nil)
        let fourth = try await left.devices[3].checkIn(orchestrator).offer
        #expect(fourth == nil)

        // A check-in from before is no news.
        let old = try left.devices[1].signed(sequence: 1).bytes
        await #expect(throws: Refusal.self) { try await orchestrator.checkIn(old) }
    }

    @Test func tokensHooksAndTheLogGoOn() async throws {
        let left = try await stopped()
        try move()
        let orchestrator = try await world.orchestrator(store: PostgresStore(url: address))
        let principal = try await orchestrator.authorize(
            showing: left.token.text, for: .readFleet, reaching: .nothing)
        #expect(principal.name.text == "ada")
        let waiting = try await orchestrator.dueDelivery(for: left.hook.id)
        #expect(waiting != nil && waiting == left.waiting)

        _ = try await orchestrator.save(
            CohortRequest(selector: "all"), as: must(CohortName("since")), by: World.author)
        let checkpoint = try await orchestrator.signAudit()
        var verifier = try AuditVerifier(
            trusting: .keys([Keys().offer.publicKey]), kept: [checkpoint],
            cryptography: World.cryptography)
        let page = try await orchestrator.auditPage(.all, after: 0, limit: 500)
        for line in page.exportLines { try verifier.take(line: line) }
        #expect(try verifier.finish().rows == checkpoint.unverified.number)
    }
}

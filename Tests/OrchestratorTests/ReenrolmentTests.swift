import Model
import OpenSSL
import Orchestrator
import TestSupport
import Testing
import Wire

/// A device that has lost its key, as after a factory reset, and whoever only says so.
@Suite struct ReenrolmentTests {
    /// The same device with the key that it made after the reset.
    private static func reset(_ device: TestDevice, keyed: UInt8 = 99) -> TestDevice {
        TestDevice(id: device.id, key: Keys.key(keyed), boot: device.boot)
    }

    private static func scene() async throws -> (Orchestrator, World, TestDevice) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var device = TestDevice(1)
        for _ in 0..<3 { _ = try await device.checkIn(orchestrator) }
        return (orchestrator, world, device)
    }

    private static func refusal(
        of device: inout TestDevice, _ orchestrator: Orchestrator
    ) async throws -> String {
        let message = try device.message()
        do { _ = try await orchestrator.checkIn(message.bytes) } catch {
            guard case .stranger(let reason) = error else { throw error }
            return reason
        }
        return "it was taken"
    }

    @Test func isRefusedAndSeenByOperators() async throws {
        let (orchestrator, _, device) = try await Self.scene()
        var after = Self.reset(device)
        let key = after.key.ed25519PublicKey

        let reason = try await Self.refusal(of: &after, orchestrator)
        #expect(reason.contains("an operator has to accept the key \(key.hex)"))
        let seen = try await orchestrator.device(device.id)
        #expect(seen.askedKey == key)
        let events = try await orchestrator.explain(device.id, at: nil).events.map(\.what)
        #expect(events.filter { $0 == "asks to enrol again with the key \(key.hex)" }.count == 1)
        // Asking again tells nothing new.
        _ = try await Self.refusal(of: &after, orchestrator)
        #expect(try await orchestrator.explain(device.id, at: nil).events.count == events.count)
    }

    @Test func anAcceptedKeyTakesThePlaceOfTheOld() async throws {
        var (orchestrator, _, device) = try await Self.scene()
        var after = Self.reset(device)
        _ = try await Self.refusal(of: &after, orchestrator)
        let key = after.key.ed25519PublicKey
        let accepted = try await orchestrator.change(
            device.id, .acceptKey(key), by: World.author)
        #expect(accepted.askedKey == nil)

        #expect(try await after.checkIn(orchestrator).order == nil)
        let old = try await Self.refusal(of: &device, orchestrator)
        #expect(old.contains("another key"))
    }

    @Test func onlyTheKeyThatWasAskedForIsAccepted() async throws {
        let (orchestrator, _, device) = try await Self.scene()
        var after = Self.reset(device)
        _ = try await Self.refusal(of: &after, orchestrator)
        let other = Keys.key(98).ed25519PublicKey
        await #expect(throws: Refusal.self) {
            try await orchestrator.change(device.id, .acceptKey(other), by: World.author)
        }
    }

    /// Without the token, or by a key that it does not have, nobody is worth an operator's look.
    @Test(arguments: [nil, "another token"])
    func withoutTheTokenNothingIsNoted(token: String?) async throws {
        let (orchestrator, _, device) = try await Self.scene()
        var after = Self.reset(device)
        after.enrolmentToken = token
        #expect(
            try await Self.refusal(of: &after, orchestrator).contains("not known here by this key"))
        let told = try await orchestrator.device(device.id)
        #expect(told.askedKey == nil)
    }

    @Test func aKeyThatDidNotSignIsNotNoted() async throws {
        let (orchestrator, _, device) = try await Self.scene()
        let after = Self.reset(device)
        let forged = try after.signed(sequence: 9, by: Keys.key(98))
        await #expect(throws: Refusal.self) { try await orchestrator.checkIn(forged.bytes) }
        let told = try await orchestrator.device(device.id)
        #expect(told.askedKey == nil)
    }

    /// What it was doing is not known any more, and unknown is never healthy.
    @Test func anUpdateThatWasUnderWayHasFailed() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(1, orchestrator)
        try await orchestrator.start(.simple("r"))
        let offer = try #require(try await devices[0].checkIn(orchestrator).offer)
        _ = try await devices[0].checkIn(orchestrator, .installed(offer.nonce))

        var after = Self.reset(devices[0])
        _ = try await Self.refusal(of: &after, orchestrator)
        _ = try await orchestrator.change(
            after.id, .acceptKey(after.key.ed25519PublicKey), by: World.author)
        let failure = try #require(try await orchestrator.device(after.id).lastFailure)
        #expect(failure == Failure(.overdue, "it was reset while it was updating"))
    }
}

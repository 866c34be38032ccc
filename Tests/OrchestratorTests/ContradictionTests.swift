import Foundation
import Model
import OpenSSL
import Orchestrator
import Stores
import TestSupport
import Testing
import Trust
import Wire

/// What is decided when reports contradict each other, come late, or meet something broken.
@Suite struct ContradictionTests {
    private static let name = must(RolloutName("b"))

    /// P2: a device that says it failed has not passed its health checks, whatever it booted.
    @Test func aFailureCountsThoughTheImageRuns() async throws {
        var devices = [TestDevice(1)]
        let scene = try await LeaseTests.Scene(devices: &devices)
        let offer = try #require(try await devices[0].checkIn(scene.orchestrator).offer)
        devices[0].boots(offer)

        let failure = Failure(.install, "somebody else changed what boots")
        _ = try await devices[0].checkIn(scene.orchestrator, .failed(offer.nonce, failure))

        #expect(try await scene.wave().proven == 0)
        #expect(try await scene.wave().failed == 1)
    }

    /// Pausing the newest rollout must not send those who have it back to an older one.
    @Test(arguments: Orchestrator.Control.allCases.filter { $0 != .resume })
    func stoppingARolloutDowngradesNobody(control: Orchestrator.Control) async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        var early = TestDevice(1)
        _ = try await early.checkIn(orchestrator)
        try await world.publish("1.5.0", counter: 2, to: orchestrator)
        try await orchestrator.start(.simple("a", release: "acme 1.5.0"))
        let first = try #require(try await early.checkIn(orchestrator).offer)
        early.boots(first)
        _ = try await early.checkIn(orchestrator, .proven(first.nonce))
        try await world.publish("2.0.0", to: orchestrator)
        var late = TestDevice(2)
        try await orchestrator.start(.simple("b"))
        let offer = try #require(try await late.checkIn(orchestrator).offer)
        #expect(offer.rollout == Self.name)
        late.boots(offer)
        _ = try await late.checkIn(orchestrator, .proven(offer.nonce))

        _ = try await orchestrator.control(Self.name, control)

        #expect(try await late.checkIn(orchestrator).offer?.release == nil)
    }

    /// P6: what is explained is what was decided.
    @Test func explainsThatANewerRolloutDecides() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("1.5.0", to: orchestrator)
        try await world.publish("2.0.0", to: orchestrator)
        var device = TestDevice(1)
        _ = try await device.checkIn(orchestrator)
        try await orchestrator.start(.simple("a", release: "acme 1.5.0"))
        try await orchestrator.start(.simple("b"))

        let before = try await orchestrator.device(device.id).decisions.map(\.rule)
        #expect(
            before == [
                "it is offered acme 2.0.0 in wave 1", "the rollout b goes first and decides for it",
            ])
        #expect(try await device.checkIn(orchestrator).offer?.rollout == Self.name)
    }

    /// What `PUT images/{sha256}` does.
    private func upload(_ bytes: [UInt8], _ orchestrator: Orchestrator) async throws {
        let digest = OpenSSLHashing().sha256(bytes)
        guard try await !orchestrator.hasImage(digest) else { return }
        try await orchestrator.stage(digest, Pieces([bytes]))
    }

    @Test func theSameBytesCanBePublishedAsAnotherVersion() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let bytes = Array("the same bytes".utf8)
        for version in ["2.0.0", "2.0.1"] {
            try await upload(bytes, orchestrator)
            let (metadata, image) = try world.targets(adding: version, bytes: bytes)
            _ = try await orchestrator.publish(.targets(metadata), by: World.author)
            let file = world.repository.appending(
                path: "targets/\(image.image.path.prefixed(by: image.image.sha256))")
            #expect(try Data(contentsOf: file) == Data(bytes))
        }
        #expect(try await orchestrator.releases().items.count == 2)
    }

    /// A rollout that is over and that this version cannot read any more.
    @Test func anUnreadableRolloutKeepsNobodyFromCheckingIn() async throws {
        var devices = [TestDevice(1)]
        let scene = try await LeaseTests.Scene(devices: &devices)
        _ = try await scene.orchestrator.control(must(RolloutName("r")), .abort)
        try sqlite(
            scene.world.databasePath, #"UPDATE rollouts SET file_json = '{"later_key": 1}'"#)

        _ = try await devices[0].checkIn(scene.orchestrator)
        try await scene.orchestrator.step()
    }

    /// The answer to a check-in that was stored does not depend on what happens afterwards.
    @Test func aStoredProofIsAnswered() async throws {
        let world = try World()
        let store = FlakyStore(try SQLiteStore(path: world.databasePath))
        let orchestrator = try await world.orchestrator(store: store)
        try await world.publish("2.0.0", to: orchestrator)
        var device = TestDevice(1)
        _ = try await device.checkIn(orchestrator)
        try await orchestrator.start(.simple("b"))
        let offer = try #require(try await device.checkIn(orchestrator).offer)
        device.boots(offer)
        store.allow(writes: 1)

        _ = try await device.checkIn(orchestrator, .proven(offer.nonce))

        store.allow(writes: nil)
        #expect(try await orchestrator.rollout(Self.name).state == "completed")
    }

    /// The gate looks before anybody else is offered the release (P3).
    @Test func noOfferFitsBetweenAFailureAndItsGate() async throws {
        let world = try World()
        let store = FlakyStore(try SQLiteStore(path: world.databasePath))
        let orchestrator = try await world.orchestrator(store: store)
        try await world.publish("2.0.0", to: orchestrator)
        var devices = (0..<3).map { TestDevice($0) }
        for index in devices.indices { _ = try await devices[index].checkIn(orchestrator) }
        try await orchestrator.start(.simple("b"))
        for index in 0..<2 {
            let offer = try #require(try await devices[index].checkIn(orchestrator).offer)
            // Nothing but the check-in itself is written.
            store.allow(writes: 1)
            let failure = Failure(.health, "no modem")
            _ = try? await devices[index].checkIn(orchestrator, .failed(offer.nonce, failure))
            store.allow(writes: nil)
        }

        #expect(try await devices[2].checkIn(orchestrator).offer?.nonce == nil)
    }

    @Test func refusesAnImageThatIsSignedWithAnotherLength() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let bytes = Array("twelve bytes".utf8)
        let (metadata, image) = try world.targets(adding: "2.0.0", bytes: bytes, length: 11)
        try await orchestrator.stage(image.image.sha256, Pieces([bytes]))

        do {
            _ = try await orchestrator.publish(.targets(metadata), by: World.author)
            Issue.record("it was published")
        } catch {
            #expect(error == .invalid("acme/2.0.0/gw-2.img is signed with 11 bytes, but has 12"))
        }
        #expect(try world.published().trusted.targets?.version == 1)
    }

    @Test func anOverdueDeviceShowsItsFailure() async throws {
        var devices = [TestDevice(1)]
        let scene = try await LeaseTests.Scene(devices: &devices)
        _ = try await devices[0].checkIn(scene.orchestrator)
        scene.world.clock.advance(seconds: 61)
        try await scene.orchestrator.step()

        #expect(try await scene.orchestrator.device(devices[0].id).lastFailure?.kind == .overdue)
    }

    /// A lease that is over is over, whether or not anybody has looked since.
    @Test func aProofAfterTheDeadlineIsTooLate() async throws {
        var devices = [TestDevice(1)]
        let scene = try await LeaseTests.Scene(devices: &devices)
        let offer = try #require(try await devices[0].checkIn(scene.orchestrator).offer)
        scene.world.clock.advance(seconds: 61)
        devices[0].boots(offer)
        _ = try await devices[0].checkIn(scene.orchestrator, .proven(offer.nonce))

        #expect(try await scene.wave().failed == 1)
        #expect(try await scene.wave().proven == 0)
    }

    private func sqlite(_ path: String, _ statements: String) throws {
        let process = ChildProcess()
        process.executableURL = URL(filePath: "/usr/bin/sqlite3")
        process.arguments = [path, statements]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}

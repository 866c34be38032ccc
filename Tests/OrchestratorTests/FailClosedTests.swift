import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// P3 end to end: the defect of others, played against us.
///
/// A group in which half of the devices fail, or have their update cancelled, is "finished" for
/// them, and the next group opens.
@Suite struct FailClosedTests {
    private static let waves: [RolloutFile.Wave] = [
        .init(name: "first", count: 4), .init(name: "rest", percent: "100"),
    ]

    /// A fleet of 12, and the four devices of the first wave in the order in which they are asked.
    private static func scene() async throws -> (World, Orchestrator, [TestDevice], [Int]) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        let devices = try await [TestDevice].enrolled(12, orchestrator)
        try await orchestrator.start(
            .simple("r", waves: waves, gate: .init(overdueAfter: "1h")))
        var first: [Int] = []
        for index in devices.indices {
            let rule = try await orchestrator.device(devices[index].id).decisions[0].rule
            if rule.hasPrefix("it is offered") { first.append(index) }
        }
        #expect(first.count == 4)
        return (world, orchestrator, devices, first)
    }

    private static func expectShut(_ world: World, _ orchestrator: Orchestrator) async throws {
        for _ in 0..<3 {
            world.clock.advance(seconds: 3)
            try await orchestrator.step()
        }
        let rollout = try await orchestrator.simple()
        #expect(rollout.wave == 0, "\(rollout.state): \(rollout.reason)")
        #expect(rollout.state != "completed")
    }

    @Test(arguments: FailureClass.allCases.filter { $0 != .overdue })
    func halfOfTheGroupFails(kind: FailureClass) async throws {
        var (world, orchestrator, devices, first) = try await Self.scene()
        for index in first.prefix(2) { try await devices.prove(index, orchestrator) }
        for index in first.suffix(2) {
            // The gate may have stopped by then, and offers nothing.
            guard let offer = try await devices[index].checkIn(orchestrator).offer else { continue }
            _ = try await devices[index].checkIn(
                orchestrator, .failed(offer.nonce, Failure(kind, "no")))
        }
        try await Self.expectShut(world, orchestrator)
    }

    @Test func halfOfTheGroupGoesSilent() async throws {
        var (world, orchestrator, devices, first) = try await Self.scene()
        for index in first.suffix(2) { _ = try await devices[index].checkIn(orchestrator) }
        for index in first.prefix(2) { try await devices.prove(index, orchestrator) }
        world.clock.advance(seconds: 3601)
        try await Self.expectShut(world, orchestrator)
    }

    @Test func halfOfTheGroupIsHeld() async throws {
        var (world, orchestrator, devices, first) = try await Self.scene()
        for index in first { _ = try await devices[index].checkIn(orchestrator) }
        for index in first.suffix(2) {
            _ = try await orchestrator.change(
                devices[index].id, .hold(reason: "x"), by: World.author)
            _ = try await devices[index].checkIn(orchestrator)
        }
        for index in first.prefix(2) { try await devices.prove(index, orchestrator) }
        try await Self.expectShut(world, orchestrator)
    }

    /// Who retires is no part of the group any more; of those who stay, more than half must prove.
    @Test func halfOfTheGroupIsRetired() async throws {
        var (world, orchestrator, devices, first) = try await Self.scene()
        for index in first { _ = try await devices[index].checkIn(orchestrator) }
        for index in first.suffix(2) {
            _ = try await orchestrator.change(
                devices[index].id, .retire(demandsWipe: false), by: World.author)
        }
        try await devices.prove(first[0], orchestrator)
        try await Self.expectShut(world, orchestrator)
        try await devices.prove(first[1], orchestrator)
        try await orchestrator.step()
        #expect(try await orchestrator.simple().wave == 1)
    }

    /// By a pause in the middle: whoever lost its offer is asked again.
    @Test func halfOfTheGroupIsCancelledByAPause() async throws {
        var (world, orchestrator, devices, first) = try await Self.scene()
        for index in first { _ = try await devices[index].checkIn(orchestrator) }
        for index in first.prefix(2) { try await devices.prove(index, orchestrator) }
        let name = must(RolloutName("r"))
        _ = try await orchestrator.control(name, .pause)
        for index in first.suffix(2) { _ = try await devices[index].checkIn(orchestrator) }
        _ = try await orchestrator.control(name, .resume)
        try await Self.expectShut(world, orchestrator)
        for index in first.suffix(2) { try await devices.prove(index, orchestrator) }
        #expect(try await orchestrator.simple().wave == 1)
    }

    /// Those that are offered the release when all ask.
    static func offered(
        _ devices: inout [TestDevice], _ orchestrator: Orchestrator
    ) async throws -> [Int] {
        var offered: [Int] = []
        for index in devices.indices {
            let answer = try await devices[index].checkIn(orchestrator)
            if answer.offer != nil { offered.append(index) }
        }
        return offered
    }

    // MARK: silence

    /// Devices that were offered nothing go silent too: that is no reason to stop, nor to go on.
    @Test func anOutageIsNotHeldAgainstTheRelease() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(60, orchestrator)
        try await orchestrator.start(
            .simple(
                "r", waves: [.init(name: "first", count: 20), .init(name: "rest", percent: "100")],
                gate: .init(overdueAfter: "1h")))
        let updated = try await Self.offered(&devices, orchestrator)
        for index in updated.prefix(14) { try await devices.prove(index, orchestrator) }
        // Six of the twenty are cut off, and half of those that were offered nothing.
        let heard = devices.indices.filter { $0 % 2 == 0 && !updated.contains($0) }
        world.clock.advance(seconds: 3500)
        for index in heard { _ = try await devices[index].checkIn(orchestrator) }
        world.clock.advance(seconds: 101)
        try await orchestrator.step()
        let held = try await orchestrator.simple()
        #expect(held.state == "running", "\(held.reason)")
        #expect(held.reason.contains("6 updated devices are silent, and so are"), "\(held.reason)")
        // It was seen when it happened: that the others are back changes nothing.
        for index in devices.indices where !updated.contains(index) {
            _ = try await devices[index].checkIn(orchestrator)
        }
        try await orchestrator.step()
        #expect(try await orchestrator.simple().wave == 0)
    }

    @Test func silenceOfUpdatedDevicesAloneStops() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(40, orchestrator)
        try await orchestrator.start(
            .simple(
                "r", waves: [.init(name: "first", count: 20), .init(name: "rest", percent: "100")],
                gate: .init(overdueAfter: "1h")))
        let updated = try await Self.offered(&devices, orchestrator)
        world.clock.advance(seconds: 3500)
        for index in devices.indices where !updated.contains(index) {
            _ = try await devices[index].checkIn(orchestrator)
        }
        world.clock.advance(seconds: 101)
        try await orchestrator.step()
        #expect(try await orchestrator.simple().state == "paused")
    }
}

/// P2 and P3: what must not take a failure out of the books.
@Suite struct CountedFailureTests {
    private static let name = must(RolloutName("r"))

    private static func scene(
        _ count: Int, boards: [String] = [], _ change: (inout RolloutFile) -> Void = { _ in }
    ) async throws -> (World, Orchestrator, [TestDevice]) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = (0..<count).map { TestDevice($0) }
        for index in devices.indices {
            if !boards.isEmpty {
                devices[index].attributes = try Attributes(["board": boards[index % boards.count]])
            }
            _ = try await devices[index].checkIn(orchestrator)
        }
        try await orchestrator.start(.simple("r", gate: .init(overdueAfter: "1h"), change))
        return (world, orchestrator, devices)
    }

    /// A technician retires what the update bricked.
    @Test func retiringADeviceThatHadInstalledItIsAFailure() async throws {
        var (_, orchestrator, devices) = try await Self.scene(6) { $0.gate.minConfirmed = 1 }
        for index in 0..<5 {
            let offer = try #require(try await devices[index].checkIn(orchestrator).offer)
            _ = try await devices[index].checkIn(orchestrator, .installed(offer.nonce))
        }
        for index in 0..<5 {
            _ = try await orchestrator.change(
                devices[index].id, .retire(demandsWipe: false), by: World.author)
        }
        let stopped = try await orchestrator.simple()
        #expect(stopped.state == "paused", "\(stopped.reason)")
        #expect(stopped.failures.map(\.devices) == [5])
    }

    @Test func retiringADeviceThatStillDownloadsIsNone() async throws {
        var (_, orchestrator, devices) = try await Self.scene(6)
        let offer = try #require(try await devices[0].checkIn(orchestrator).offer)
        _ = try await devices[0].checkIn(
            orchestrator, .downloading(offer.nonce, bytesDone: 1, bytesTotal: 11))
        _ = try await orchestrator.change(
            devices[0].id, .retire(demandsWipe: false), by: World.author)
        #expect(try await orchestrator.simple().failures.isEmpty)
    }

    /// An attribute that the update changes makes no kind of the devices that failed.
    @Test func whatTheUpdateChangesIsNoKindOfFailure() async throws {
        var (_, orchestrator, devices) = try await Self.scene(40, boards: ["A", "B"])
        for index in 0..<16 {
            guard let offer = try await devices[index].checkIn(orchestrator).offer else { continue }
            if index % 8 == 0 {
                _ = try await devices[index].checkIn(
                    orchestrator, .failed(offer.nonce, Failure(.health, "no modem")))
            } else {
                devices[index].boots(offer)
                // Whoever succeeds calls itself something else from now on.
                devices[index].attributes = try Attributes(["board": "new"])
                _ = try await devices[index].checkIn(orchestrator, .proven(offer.nonce))
            }
        }
        let rollout = try await orchestrator.simple()
        #expect(!rollout.reason.contains("paused for board"), "\(rollout.reason)")
    }

    /// Being late makes a failure no better, and no silence of the network.
    @Test func aFailureThatIsToldLateKeepsItsClass() async throws {
        var (world, orchestrator, devices) = try await Self.scene(9) {
            $0.retries = .init(max: 3, backoff: "1s")
        }
        let offer = try #require(try await devices[0].checkIn(orchestrator).offer)
        world.clock.advance(seconds: 3601)
        try await orchestrator.step()
        #expect(try await orchestrator.simple().failures == [.init(kind: .overdue, devices: 1)])
        world.clock.advance(seconds: 60)
        let answer = try await devices[0].checkIn(
            orchestrator, .failed(offer.nonce, Failure(.health, "smoke")))
        #expect(answer.offer == nil, "health is not tried again")
        #expect(try await orchestrator.simple().failures == [.init(kind: .health, devices: 1)])
    }

    /// A kind that is let in again is watched again, though the rollout was complete.
    @Test func nobodyIsLetInWithoutAGate() async throws {
        var (_, orchestrator, devices) = try await Self.scene(
            160, boards: ["A", "B", "C", "D", "E", "F", "G", "H"])
        for index in devices.indices {
            guard let offer = try await devices[index].checkIn(orchestrator).offer else { continue }
            if index % 8 == 2 {
                _ = try await devices[index].checkIn(
                    orchestrator, .failed(offer.nonce, Failure(.health, "no modem")))
            } else {
                devices[index].boots(offer)
                _ = try await devices[index].checkIn(orchestrator, .proven(offer.nonce))
            }
        }
        #expect(try await orchestrator.simple().state == "completed")
        let kind = StratumRequest(attribute: "board", value: "C")
        _ = try await orchestrator.resume(Self.name, for: kind, by: World.author)
        #expect(try await orchestrator.simple().state == "running")
        var harmed = 0
        for index in devices.indices where index % 8 == 2 {
            guard let offer = try await devices[index].checkIn(orchestrator).offer else { continue }
            harmed += 1
            _ = try await devices[index].checkIn(
                orchestrator, .failed(offer.nonce, Failure(.health, "no modem")))
        }
        #expect(harmed < 10, "the board is found again")
    }

    /// An outage that is over excuses nobody who is silent afterwards.
    @Test func anOldOutageIsNoExcuse() async throws {
        var (world, orchestrator, devices) = try await Self.scene(60) {
            $0.waves = [.init(name: "first", count: 20), .init(name: "rest", percent: "100")]
            $0.retries = .init(max: 3, backoff: "1s")
        }
        let updated = try await FailClosedTests.offered(&devices, orchestrator)
        for index in updated.prefix(6) { try await devices.prove(index, orchestrator) }
        // Everybody is cut off for an hour; six of those that update are overdue.
        for index in updated[6..<14] {
            // They go on once the network is back.
            _ = try await devices[index].checkIn(orchestrator)
        }
        world.clock.advance(seconds: 3700)
        try await orchestrator.step()
        let held = try await orchestrator.simple()
        #expect(held.state == "running", "\(held.reason)")
        // All come back, try again and prove; then as many others of them are bricked.
        for index in devices.indices { _ = try await devices[index].checkIn(orchestrator) }
        world.clock.advance(seconds: 60)
        for index in updated[6..<9] { try await devices.prove(index, orchestrator) }
        for index in updated[9..<20] {
            let offer = try await devices[index].checkIn(orchestrator).offer
            guard let offer else { continue }
            _ = try await devices[index].checkIn(orchestrator, .installed(offer.nonce))
        }
        for _ in 0..<8 {
            world.clock.advance(seconds: 1000)
            for index in devices.indices where !updated[9..<20].contains(index) {
                _ = try await devices[index].checkIn(orchestrator)
            }
            try await orchestrator.step()
        }
        let stopped = try await orchestrator.simple()
        #expect(stopped.state == "paused", "\(stopped.reason)")
    }
}

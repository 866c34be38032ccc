import Model
import Orchestrator
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

    /// By an operator who holds the devices, or retires them.
    @Test(arguments: [true, false])
    func halfOfTheGroupIsCancelled(byHold: Bool) async throws {
        var (world, orchestrator, devices, first) = try await Self.scene()
        for index in first { _ = try await devices[index].checkIn(orchestrator) }
        for index in first.suffix(2) {
            _ = try await orchestrator.change(
                devices[index].id, byHold ? .hold(reason: "x") : .retire, by: World.author)
            _ = try await devices[index].checkIn(orchestrator)
        }
        for index in first.prefix(2) { try await devices.prove(index, orchestrator) }
        try await Self.expectShut(world, orchestrator)
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
    private static func offered(
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

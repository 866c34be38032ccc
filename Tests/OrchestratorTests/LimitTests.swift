import Model
import Orchestrator
import Testing
import Wire

/// Limits as the store counts them, over everything that goes on at once.
@Suite struct LimitTests {
    /// A fleet that has checked in, and a rollout of release 2.0.0 to all of it.
    private func fleet(
        _ count: Int, rate: RolloutFile.Rate? = nil, limits: RolloutFile.Limits,
        attributes: (Int) throws -> [String: String] = { _ in [:] }
    ) async throws -> (World, Orchestrator, [TestDevice]) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = (0..<count).map { TestDevice($0) }
        for index in devices.indices {
            devices[index].attributes = try Attributes(attributes(index))
            _ = try await devices[index].checkIn(orchestrator)
        }
        var file = RolloutFile.simple(
            "r", waves: [.init(name: "all", percent: "100", rate: rate)],
            gate: .init(overdueAfter: "10d"))
        file.limits = limits
        try await orchestrator.start(file)
        return (world, orchestrator, devices)
    }

    /// Who is offered the release when everybody asks, in this order.
    private func offered(
        _ devices: inout [TestDevice], by orchestrator: Orchestrator
    ) async throws -> [Int] {
        var offered: [Int] = []
        for index in devices.indices
        where try await devices[index].checkIn(orchestrator).offer != nil {
            offered.append(index)
        }
        return offered
    }

    private func rule(_ device: TestDevice, _ orchestrator: Orchestrator) async throws -> String {
        try #require(try await orchestrator.device(device.id).decisions.first).rule
    }

    @Test func noMoreThanAShareOfASiteUpdateAtOnce() async throws {
        var (_, orchestrator, devices) = try await fleet(12, limits: .init(per: ["site": "25%"])) {
            ["site": $0 < 8 ? "large" : "small"]
        }
        #expect(try await offered(&devices, by: orchestrator) == [0, 1, 8])
        #expect(
            try await rule(devices[2], orchestrator)
                == "the site large has 2 of 8 devices updating, which is its limit")

        let offer = try #require(try await devices[0].checkIn(orchestrator).offer)
        devices[0].boots(offer)
        _ = try await devices[0].checkIn(orchestrator, .proven(offer.nonce))
        #expect(try await devices[7].checkIn(orchestrator).offer != nil)
    }

    /// The pair counts among all rollouts, and by what it was when the lease was taken.
    @Test func partnersNeverUpdateTogether() async throws {
        var (_, orchestrator, devices) = try await fleet(
            4, limits: .init(neverTogether: ["ha_pair"])
        ) { ["ha_pair": "pair-\($0 / 2)"] }
        #expect(try await offered(&devices, by: orchestrator) == [0, 2])
        #expect(
            try await rule(devices[1], orchestrator)
                == "device-0 of the same ha_pair pair-0 is updating")

        devices[0].attributes = try Attributes(["ha_pair": "pair-9"])
        _ = try await devices[0].checkIn(orchestrator)
        #expect(try await devices[1].checkIn(orchestrator).offer == nil)
    }

    @Test func partnersStayApartWhenAnotherRolloutStarts() async throws {
        var (world, orchestrator, devices) = try await fleet(2, limits: .init(concurrent: 1)) { _ in
            ["ha_pair": "a"]
        }
        #expect(try await devices[0].checkIn(orchestrator).offer != nil)
        try await world.publish("3.0.0", to: orchestrator)
        var other = RolloutFile.simple("s", release: "acme 3.0.0")
        other.limits = .init(neverTogether: ["ha_pair"])
        try await orchestrator.start(other)
        #expect(try await devices[1].checkIn(orchestrator).offer == nil)
    }

    @Test func leasesAreTakenOnlyInsideTheWindow() async throws {
        // The clock begins at 2027-01-15T08:00:00Z, a Friday: 03:00 in New York, 17:00 in Tokyo.
        let window = RolloutFile.Window(
            days: "fri", from: "01:00", to: "05:00", zone: "device")
        var (world, orchestrator, devices) = try await fleet(3, limits: .init(window: window)) {
            [["timezone": "Asia/Tokyo"], ["timezone": "America/New_York"], [:]][$0]
        }
        #expect(try await offered(&devices, by: orchestrator) == [1])
        #expect(try await rule(devices[0], orchestrator).contains("opens at 2027-01-21T16:00:00Z"))
        #expect(try await rule(devices[2], orchestrator).contains("it has no attribute timezone"))
        // 16:30 UTC on a Thursday is 01:30 on Friday in Tokyo.
        world.clock.advance(seconds: 6 * 86_400 + 30_600)
        #expect(try await devices[0].checkIn(orchestrator).offer != nil)
    }

    @Test func leasesAreTakenNoFasterThanTheRate() async throws {
        var (world, orchestrator, devices) = try await fleet(
            9, rate: .init(start: "2/min", factor: 2, every: "2 confirmed", max: "100/min"),
            limits: .init())
        let first = try await offered(&devices, by: orchestrator)
        #expect(first == [0, 1])
        for index in first {
            let offer = try #require(try await devices[index].checkIn(orchestrator).offer)
            devices[index].boots(offer)
            _ = try await devices[index].checkIn(orchestrator, .proven(offer.nonce))
        }
        // Four within a minute by now, of which two are taken.
        #expect(try await offered(&devices, by: orchestrator) == [2, 3])
        world.clock.advance(seconds: 61)
        #expect(try await offered(&devices, by: orchestrator) == [2, 3, 4, 5, 6, 7])
    }

    @Test func noMoreBytesThanTheBudgetAreOffered() async throws {
        var (world, orchestrator, devices) = try await fleet(
            200, limits: .init(egress: "1 kB/hour"))
        // An image has 11 bytes.
        #expect(try await offered(&devices, by: orchestrator).count == 1000 / 11)
        world.clock.advance(seconds: 3601)
        #expect(try await devices[150].checkIn(orchestrator).offer != nil)
    }

    @Test func refusesAWindowInAZoneThatNobodyKnows() async throws {
        let window = RolloutFile.Window(from: "01:00", to: "05:00", zone: "Europe/Berlln")
        let error = await #expect(throws: Refusal.self) {
            _ = try await fleet(1, limits: .init(window: window))
        }
        #expect("\(String(describing: error))".contains("there is no time zone Europe/Berlln"))
    }
}

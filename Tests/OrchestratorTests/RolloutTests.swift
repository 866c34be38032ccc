import Model
import Orchestrator
import TestSupport
import Testing
import Wire

/// Rollouts from the plan to the end.
@Suite struct RolloutTests {
    static let waves: [RolloutFile.Wave] = [
        .init(name: "canary", sample: 3), .init(name: "fleet", percent: "100"),
    ]

    /// A fleet that has checked in, and release 2.0.0.
    private func fleet(
        _ count: Int
    ) async throws -> (World, Orchestrator, [TestDevice]) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        var devices = (0..<count).map { TestDevice($0) }
        for index in devices.indices { _ = try await devices[index].checkIn(orchestrator) }
        return (world, orchestrator, devices)
    }

    /// P3: a bad release costs its canaries and no more.
    @Test func aBadReleaseStopsAtItsCanaries() async throws {
        var (_, orchestrator, devices) = try await fleet(12)
        try await orchestrator.start(.simple("r", waves: Self.waves))
        var offered: [Int: Offer] = [:]
        for index in devices.indices {
            offered[index] = try await devices[index].checkIn(orchestrator).offer
        }
        #expect(offered.count == 3)

        let failing = offered.keys.sorted().prefix(2)
        for index in failing {
            let failure = Failure(.health, "no modem")
            _ = try await devices[index].checkIn(
                orchestrator, .failed(try #require(offered[index]).nonce, failure))
        }

        let rollout = try await orchestrator.rollout(must(RolloutName("r")))
        #expect(rollout.state == "paused")
        #expect(rollout.reason.contains("2 of 2 devices failed"))
        for index in devices.indices where offered[index] == nil {
            #expect(try await devices[index].checkIn(orchestrator).order == nil)
        }
    }

    @Test func theNextWaveWaitsForProof() async throws {
        var (_, orchestrator, devices) = try await fleet(12)
        try await orchestrator.start(
            .simple("r", waves: Self.waves, gate: .init(minConfirmed: 3, overdueAfter: "60s")))
        var offered: [Int: Offer] = [:]
        for index in devices.indices {
            offered[index] = try await devices[index].checkIn(orchestrator).offer
        }
        for (index, offer) in offered.sorted(by: { $0.key < $1.key }) {
            #expect(try await orchestrator.rollout(must(RolloutName("r"))).wave == 0)
            devices[index].boots(offer)
            _ = try await devices[index].checkIn(orchestrator, .proven(offer.nonce))
        }

        #expect(try await orchestrator.rollout(must(RolloutName("r"))).wave == 1)
        let other = try #require(devices.indices.first { offered[$0] == nil })
        #expect(try await devices[other].checkIn(orchestrator).offer != nil)
    }

    @Test func aDarkDeviceDoesNotHoldAWave() async throws {
        var (world, orchestrator, devices) = try await fleet(3)
        try await orchestrator.start(.simple("r"))
        world.clock.advance(seconds: 120)
        for index in [0, 1] {
            let offer = try #require(try await devices[index].checkIn(orchestrator).offer)
            devices[index].boots(offer)
            _ = try await devices[index].checkIn(orchestrator, .proven(offer.nonce))
        }

        #expect(try await orchestrator.rollout(must(RolloutName("r"))).state == "completed")
    }

    /// P3: a device that is still at it has not decided, whatever the others say.
    @Test func aWaveWaitsForDevicesThatHoldALease() async throws {
        var (_, orchestrator, devices) = try await fleet(2)
        try await orchestrator.start(.simple("r"))
        let first = try #require(try await devices[0].checkIn(orchestrator).offer)
        let second = try #require(try await devices[1].checkIn(orchestrator).offer)

        devices[0].boots(first)
        _ = try await devices[0].checkIn(orchestrator, .proven(first.nonce))
        #expect(try await orchestrator.rollout(must(RolloutName("r"))).state == "running")

        devices[1].boots(second)
        _ = try await devices[1].checkIn(orchestrator, .proven(second.nonce))
        #expect(try await orchestrator.rollout(must(RolloutName("r"))).state == "completed")
    }

    /// What was shown is started, though a newcomer would be in the sample of a new plan.
    @Test func startsExactlyThePlanThatWasShown() async throws {
        let (_, orchestrator, _) = try await fleet(6)
        let file = RolloutFile.simple("r", waves: Self.waves)
        let shown = try await orchestrator.plan(file)
        for number in 50..<60 {
            var newcomer = TestDevice(number)
            _ = try await newcomer.checkIn(orchestrator)
        }
        #expect(try await orchestrator.plan(file).digest != shown.digest)

        let started = try await orchestrator.start(
            StartRequest(file: file, digest: shown.digest))
        #expect(started.plan == shown.digest)
        #expect(started.waves.map(\.devices) == shown.waves.map(\.devices))
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let says: String
        let make: @Sendable (World, Orchestrator, inout RolloutFile) async throws -> Void
    }

    static let changes: [Change] = [
        Change(
            testDescription: "the file was edited",
            says: "waves[\"canary\"].sample: \"3\", now \"2\""
        ) { _, _, file in file.waves[0].sample = 2 },
        Change(
            testDescription: "a device of the sample was retired", says: "it is retired"
        ) { _, orchestrator, _ in
            for number in 0..<6 {
                _ = try await orchestrator.change(
                    must(DeviceID("device-\(number)")), .retire(demandsWipe: false),
                    by: World.author)
            }
        },
        Change(
            testDescription: "the release was withdrawn",
            says: "acme 2.0.0 has no image for gw-2 any more"
        ) { world, orchestrator, _ in try await world.withdraw("2.0.0", from: orchestrator) },
        Change(
            testDescription: "an image for more hardware was published",
            says: "acme 2.0.0 now has an image for gw-3"
        ) { world, orchestrator, _ in
            try await world.publish("2.0.0", hardware: "gw-3", to: orchestrator)
        },
    ]

    @Test(arguments: changes)
    func refusesWithTheDifferenceWhatCannotBeStartedAsShown(change: Change) async throws {
        let (world, orchestrator, _) = try await fleet(6)
        var file = RolloutFile.simple("r", waves: Self.waves)
        let shown = try await orchestrator.plan(file)
        try await change.make(world, orchestrator, &file)
        do {
            _ = try await orchestrator.start(StartRequest(file: file, digest: shown.digest))
            Issue.record("another plan was started")
        } catch {
            guard case .conflict(let reason) = error else {
                Issue.record(error)
                return
            }
            #expect(reason.contains("another one by now"), "\(reason)")
            #expect(reason.contains(change.says), "\(reason)")
        }
        #expect(try await orchestrator.rollouts().items.isEmpty)
    }

    @Test func refusesAPlanThatNobodyWasShown() async throws {
        let (_, orchestrator, _) = try await fleet(6)
        let digest = must(Digest(bytes: Array(repeating: 1, count: 32)))
        do {
            _ = try await orchestrator.start(
                StartRequest(file: .simple("r"), digest: digest))
            Issue.record("a plan was invented")
        } catch {
            guard case .conflict(let reason) = error else {
                Issue.record(error)
                return
            }
            #expect(reason.contains("no plan with the digest \(digest) was shown here"))
        }
    }

    @Test func startingTwiceIsStartingOnce() async throws {
        let (_, orchestrator, _) = try await fleet(6)
        let file = RolloutFile.simple("r")
        let plan = try await orchestrator.plan(file)
        let request = StartRequest(file: file, digest: plan.digest)

        let first = try await orchestrator.start(request)
        let second = try await orchestrator.start(request)

        #expect(first == second)
        #expect(try await orchestrator.rollouts().items.count == 1)
    }

    @Test func planningChangesNothing() async throws {
        let (_, orchestrator, _) = try await fleet(6)
        let one = try await orchestrator.plan(.simple("r", waves: Self.waves))
        let two = try await orchestrator.plan(.simple("r", waves: Self.waves))
        #expect(one == two)
        #expect(one.waves.map(\.devices) == [3, 6])
        #expect(try await orchestrator.rollouts().items.isEmpty)
    }

    struct BadFile: CustomTestStringConvertible {
        let testDescription: String
        let file: RolloutFile
        let says: String
    }

    static let badFiles: [BadFile] = [
        BadFile(
            testDescription: "an unpublished release",
            file: .simple("r", release: "acme 9.9.9"), says: "not published"),
        BadFile(
            testDescription: "a selector that picks nobody",
            file: {
                var file = RolloutFile.simple("r")
                file.devices = "hardware == \"toaster\""
                return file
            }(), says: "picks no device"),
        BadFile(
            testDescription: "a selector that is none",
            file: {
                var file = RolloutFile.simple("r")
                file.devices = "hardware = 3"
                return file
            }(), says: "column 10"),
        BadFile(
            testDescription: "waves that shrink",
            file: .simple(
                "r", waves: [.init(name: "a", percent: "50"), .init(name: "b", percent: "20")]),
            says: "waves[1].percent"),
        BadFile(
            testDescription: "a gate that can never open",
            file: .simple("r", gate: .init(minConfirmed: 100)),
            says: "gate can never be met: 100 confirmations asked of the 3 devices"),
    ]

    @Test(arguments: badFiles)
    func refusesAPlanThatCanDoNothing(bad: BadFile) async throws {
        let (_, orchestrator, _) = try await fleet(3)
        do {
            _ = try await orchestrator.plan(bad.file)
            Issue.record("planned all the same")
        } catch {
            guard case .invalid(let reason) = error else {
                Issue.record(error)
                return
            }
            #expect(reason.contains(bad.says), "\(reason)")
        }
    }

    @Test func explainsWhyADeviceIsNotOffered() async throws {
        var (_, orchestrator, devices) = try await fleet(6)
        try await orchestrator.start(.simple("r", waves: Self.waves))
        var reasons: [String] = []
        for index in devices.indices {
            _ = try await devices[index].checkIn(orchestrator)
            let device = try await orchestrator.device(devices[index].id)
            reasons += device.decisions.map(\.rule)
        }
        #expect(reasons.count { $0.contains("has been offered") } == 3)
        #expect(reasons.count { $0.contains("wave 2, which is not open") } == 3)
    }

    @Test func refusesWhatMakesNoSense() async throws {
        let (_, orchestrator, _) = try await fleet(3)
        try await orchestrator.start(.simple("r"))
        _ = try await orchestrator.control(must(RolloutName("r")), .abort)
        for control in Orchestrator.Control.allCases {
            do {
                _ = try await orchestrator.control(must(RolloutName("r")), control)
                Issue.record("\(control) of an aborted rollout")
            } catch {
                guard case .conflict = error else {
                    Issue.record(error)
                    return
                }
            }
        }
        do {
            _ = try await orchestrator.rollout(must(RolloutName("nobody")))
            Issue.record("an unknown rollout was shown")
        } catch { #expect(error == .unknown("there is no rollout called nobody")) }
    }
}

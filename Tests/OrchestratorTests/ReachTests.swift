import Model
import OpenSSL
import Orchestrator
import TestSupport
import Testing
import Wire

/// A token for some cohorts reaches no other device.
@Suite struct ReachTests {
    private struct Scene {
        /// Whose folder it is.
        let world: World
        let orchestrator: Orchestrator
        let token: String

        func may(_ permission: Permission, _ reach: Reach) async throws -> Bool {
            do {
                _ = try await orchestrator.authorize(
                    showing: token, for: permission, reaching: reach)
                return true
            } catch Refusal.forbidden { return false }
        }

        /// Whether the holder may plan and start this rollout.
        func mayStart(_ file: RolloutFile) async throws -> Bool {
            let principal = try await orchestrator.authorize(
                showing: token, for: .startRollouts, reaching: .rolloutFile)
            do {
                try await orchestrator.requireReach(of: principal, over: file)
                return true
            } catch Refusal.forbidden { return false }
        }
    }

    private static let name = must(RolloutName("r"))

    /// Two devices in Berlin and two in Bonn; the token is for Berlin and for the lab.
    private func scene() async throws -> Scene {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        for number in 0..<4 {
            var device = TestDevice(number)
            device.attributes = try Attributes(["site": number < 2 ? "berlin" : "bonn"])
            _ = try await device.checkIn(orchestrator)
        }
        try await save("berlin", #"site == "berlin""#, orchestrator)
        try await save("lab", #"tag("lab") or site == "attic""#, orchestrator)
        try await save("bonn", #"site == "bonn""#, orchestrator)
        let token = try await orchestrator.makeToken(
            TokenTests.request(.admin, cohorts: ["berlin", "lab"]), by: TokenTests.root)
        return Scene(world: world, orchestrator: orchestrator, token: token.text)
    }

    private func save(
        _ name: String, _ selector: String, _ orchestrator: Orchestrator
    ) async throws {
        _ = try await orchestrator.save(
            CohortRequest(selector: selector), as: must(CohortName(name)), by: World.author)
    }

    private func file(
        _ selector: String, _ change: (inout RolloutFile) -> Void = { _ in }
    ) -> RolloutFile {
        .simple("r") {
            $0.devices = selector
            change(&$0)
        }
    }

    @Test func changesDevicesOfItsCohortsOnly() async throws {
        let scene = try await scene()
        #expect(try await scene.may(.changeDevices, .device(must(DeviceID("device-1")))))
        #expect(try await !scene.may(.changeDevices, .device(must(DeviceID("device-2")))))
        #expect(try await !scene.may(.retireDevices, .device(must(DeviceID("device-3")))))
        await #expect(throws: Refusal.unknown("there is no device called x")) {
            try await scene.may(.changeDevices, .device(must(DeviceID("x"))))
        }
    }

    /// Else it could save its own cohort anew, or make a token without bounds.
    @Test func hasNothingThatCohortsCannotBound() async throws {
        let scene = try await scene()
        for permission in [
            Permission.changeCohorts, .publishReleases, .manageTokens, .manageEnrolment,
            .manageWebHooks, .readAudit,
        ] {
            #expect(try await !scene.may(permission, .nothing), "\(permission)")
        }
        #expect(try await scene.may(.readFleet, .nothing))
        #expect(try await !scene.may(.changeDevices, .everything))
    }

    @Test(arguments: [
        #"cohort("berlin")"#, #"cohort("berlin@1")"#, #"site == "berlin""#, #"cohort("lab")"#,
        #"cohort("berlin") and version < "2.0.0""#, #"not tag("x") and cohort("lab")"#,
        #"cohort("berlin") or cohort("lab")"#, #"(cohort("lab") and has(x)) or cohort("berlin")"#,
        #"(has(x) and (hardware == "gw-2" and cohort("berlin")))"#,
    ])
    func startsWhatIsSeenToStayWithin(selector: String) async throws {
        let scene = try await scene()
        #expect(try await scene.mayStart(file(selector)))
    }

    @Test(arguments: [
        "all", #"cohort("bonn")"#, #"not cohort("berlin")"#, #"cohort("berlin") or has(site)"#,
        #"site in ["berlin"]"#, #"site == "bonn" and not cohort("berlin")"#,
        #"(cohort("berlin") or has(x)) and has(y)"#, #"hash_percent(1)"#,
        #"tag("lab")"#, #"site == "berlin " "#, #"site != "berlin""#,
    ])
    func refusesWhatIsNotSeenToStayWithin(selector: String) async throws {
        let scene = try await scene()
        #expect(try await !scene.mayStart(file(selector)))
    }

    @Test func refusesARolloutThatReachesOthersBesides() async throws {
        let scene = try await scene()
        let berlin = #"cohort("berlin")"#
        #expect(try await !scene.mayStart(file(berlin) { $0.supersedes = .older }))
        #expect(
            try await !scene.mayStart(
                file(#"\#(berlin) and version < "2.0.0""#) { $0.onFailure = "revert" }))
        #expect(try await scene.mayStart(file(berlin) { $0.onFailure = "revert" }))
    }

    @Test func controlsOnlySuchRollouts() async throws {
        let scene = try await scene()
        try await scene.orchestrator.start(file(#"cohort("berlin") and has(site)"#))
        #expect(try await scene.may(.controlRollouts, .rollout(Self.name)))
        #expect(try await scene.may(.startRollouts, .revertOf(Self.name)))
        let other = must(RolloutName("s"))
        try await scene.orchestrator.start(
            .simple("s") { $0.devices = #"cohort("bonn") and version < "2.0.0""# })
        for reach in [Reach.rollout(other), .endOf(other), .revertOf(other)] {
            #expect(try await !scene.may(.controlRollouts, reach))
        }
    }

    /// The newest version bounds it; only stopping stays possible.
    @Test func followsItsCohortWhenThatIsSavedAnew() async throws {
        let scene = try await scene()
        try await scene.orchestrator.start(file(#"cohort("berlin")"#))
        try await save("berlin", #"site == "bonn""#, scene.orchestrator)

        #expect(try await !scene.may(.changeDevices, .device(must(DeviceID("device-1")))))
        #expect(try await scene.may(.changeDevices, .device(must(DeviceID("device-2")))))
        #expect(try await !scene.may(.controlRollouts, .rollout(Self.name)))
        #expect(try await scene.may(.controlRollouts, .endOf(Self.name)))
        #expect(try await !scene.mayStart(file(#"cohort("berlin@1")"#)))
    }

    @Test func aRevertThatGoesToAllWhoRunTheReleaseIsRefused() async throws {
        let scene = try await scene()
        try await scene.orchestrator.start(file(#"cohort("berlin") and version < "2.0.0""#))
        #expect(try await scene.may(.controlRollouts, .rollout(Self.name)))
        #expect(try await !scene.may(.startRollouts, .revertOf(Self.name)))
    }
}

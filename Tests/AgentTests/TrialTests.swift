import Agent
import AgentSupport
import Model
import Testing
import Trust
import Wire

/// The one boot in which a new image must prove itself.
@Suite struct TrialTests {
    private func onTrial(_ conduct: Firmware.Conduct = .healthy) throws -> World {
        let world = try World(wanting: Firmware("acme-gateway 2.0", conduct: conduct))
        world.run { $0.machine.booted.text == "b" }
        return world
    }

    @Test func isNotConfirmedBeforeTheServerAnswered() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.run { $0.machine.isProvenHealthy }
        world.server.isReachable = false
        for _ in 0..<100 { world.step() }
        #expect(world.machine.confirmed.text == "a")
        world.server.isReachable = true
        world.settle()
        #expect(world.isProven)
    }

    /// The answer must be the server's: an attacker on the line must not keep a cut-off image.
    @Test func isNotConfirmedByAForgedAnswer() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.run { $0.machine.isProvenHealthy }
        world.server.answer = { try sign($1, by: key(66)).bytes }
        for _ in 0..<100 { world.step() }
        #expect(world.machine.confirmed.text == "a")
        #expect(!world.distrust.isEmpty)
    }

    @Test func isNotConfirmedBeforeItIsHealthy() throws {
        let world = try onTrial(.unhealthy)
        world.settle()
        #expect(!world.machine.power.calls.contains("confirm b"))
        #expect(world.failure == Failure(.health, "it smokes"))
        #expect(world.server.story == ["idle", "installed", "failed", "idle"])
        #expect(world.machine.booted.text == "a")
        #expect(world.machine.trial == nil)
        #expect(world.storedPhase == .idle)
    }

    @Test func anImageThatNeverBootsIsReported() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0", conduct: .neverBoots))
        world.settle()
        #expect(world.failure?.kind == .boot)
        #expect(world.machine.booted.text == "a")
        #expect(world.machine.trial == nil)
        #expect(world.machine.power.calls.count { $0 == "arm b" } == 1)
    }

    @Test func aTrialThatWasCutIsTriedAgain() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        for _ in 1..<AgentPhase.maximumCutTrials {
            world.run { $0.machine.isProvenHealthy }
            world.reboot()
        }
        world.settle()
        #expect(world.isProven)
        #expect(world.machine.power.calls.count { $0 == "arm b" } == 3)
    }

    @Test func aTrialThatIsAlwaysCutFails() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        for _ in 0..<AgentPhase.maximumCutTrials {
            world.run { $0.machine.isProvenHealthy }
            world.reboot()
        }
        world.settle()
        #expect(world.failure?.kind == .boot)
        #expect(world.failure?.detail.hasSuffix("3 times") == true)
        #expect(world.machine.booted.text == "a")
        #expect(world.machine.power.calls.count { $0 == "arm b" } == 3)
    }

    /// A cut after a cut must not make a good image look like one that never came up.
    @Test func aCutWhileTheTrialIsArmedAgainCountsNothing() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.run { $0.machine.isProvenHealthy }
        world.reboot()
        try world.start()
        guard case .trial(let job, .cutOff)? = world.storedPhase else {
            Issue.record("\(String(describing: world.storedPhase))")
            return
        }
        #expect(job.cutTrials == 1)
        world.reboot()
        try world.start()
        #expect(world.storedPhase?.job?.cutTrials == 1)
        world.settle()
        #expect(world.isProven)
    }

    @Test func goesBackWhenTheServerIsNotReachedInTime() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.run { $0.machine.isProvenHealthy }
        world.server.isReachable = false
        world.run(maximumSteps: 1000) { $0.machine.booted.text == "a" }
        #expect(world.machine.confirmed.text == "a")
        let tries = world.pauses.count { $0 == .seconds(1) }
        #expect(tries >= 599)
        world.server.isReachable = true
        world.settle()
        #expect(
            world.failure
                == Failure(.health, "the new image did not reach the server within 600 s"))
    }

    @Test func isHealthyOnlyAsTheImageThatWasSigned() throws {
        let world = try onTrial()
        world.machine.slots.overwrite(try slot("b"), with: try Firmware("acme-gateway 9").bytes)
        _ = try? world.start()
        world.run { $0.failure != nil }
        #expect(world.failure == Failure(.install, "slot b does not hold the image"))
        #expect(!world.machine.power.calls.contains("health b"))
        #expect(world.machine.confirmed.text == "a")
    }

    /// P2: what somebody else confirmed is not proven before it is healthy.
    @Test func isNotProvenOnlyBecauseSomebodyElseConfirmedIt() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0", conduct: .unhealthy))
        world.run { $0.storedPhase?.word == "trial" }
        world.machine.setBootloader(confirmed: try slot("b"), trial: nil)
        world.reboot()
        world.settle()
        #expect(world.failure?.kind == .health)
        #expect(!world.server.story.contains("proven"))
    }

    /// Reporting never decides (complaint 21).
    @Test func beginsThoughNobodyCouldBeTold() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.run { $0.storedPhase?.word == "installed" }
        world.server.isReachable = false
        world.run { $0.machine.isProvenHealthy }
        #expect(world.machine.booted.text == "b")
        world.server.isReachable = true
        world.settle()
        #expect(world.isProven)
    }

    @Test func aProofThatWasNotAcknowledgedIsSentAgain() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.run { $0.storedPhase?.word == "proven" }
        world.server.isReachable = false
        for _ in 0..<20 { world.step() }
        world.reboot()
        for _ in 0..<20 { world.step() }
        #expect(world.storedPhase?.word == "proven")
        world.server.isReachable = true
        world.settle()
        #expect(world.isProven)
        #expect(world.machine.power.calls.count { $0 == "confirm b" } == 1)
    }

    @Test func aFailureThatWasNotAcknowledgedIsSentAgain() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0", conduct: .unhealthy))
        world.run { $0.storedPhase?.word == "rolling back" }
        world.server.isReachable = false
        for _ in 0..<20 { world.step() }
        world.reboot()
        for _ in 0..<20 { world.step() }
        #expect(world.storedPhase?.word == "failed")
        world.server.isReachable = true
        world.settle()
        #expect(world.failure == Failure(.health, "it smokes"))
    }

    @Test func theMachineThatLeftTheProvenImageDoesNotProveIt() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.run { $0.storedPhase?.word == "proven" }
        world.machine.setBootloader(confirmed: try slot("a"), trial: nil)
        world.reboot()
        world.settle()
        #expect(world.failure?.kind == .boot)
    }

    /// The newest version outlives a cut between confirming and noting it.
    @Test func remembersWhatItConfirmedThoughItWasCutOff() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.run { $0.machine.isProvenHealthy }
        let call = world.machine.power.calls.count
        // Sequences are reserved, check-in, save confirming, confirm, and then:
        world.machine.power.cuts = [call + 4]
        world.settle()
        #expect(world.machine.power.calls[call + 4] == "cut before: save confirming")
        let state = try #require(world.agent?.state)
        #expect(state.newestConfirmed.map(\.value.version.text) == ["2.0"])
    }

    @Test func aBootloaderThatCannotBeArmedEndsTheTry() throws {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.machine.isBootloaderBroken = true
        world.settle()
        #expect(world.failure?.kind == .install)
        #expect(world.machine.boots == 1)
    }
}

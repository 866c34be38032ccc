import AgentSupport
import Agent
import Model
import Testing
import Trust
import Wire

/// What somebody at the device may ask for, and what not.
@Suite struct LocalCommandTests {
    /// A world whose update has come as far as the stored phase `word`.
    private func world(
        at word: String, conduct: Firmware.Conduct = .healthy,
        offering: @escaping (Offer) -> Offer = { $0 }
    ) throws -> World {
        let firmware = try Firmware("acme-gateway 2.0", conduct: conduct)
        let world = try World(wanting: firmware)
        world.server.breaksAfter = [20_000]
        world.server.order = { checkIn in
            guard checkIn.phase == .idle, checkIn.boot.sha256 != firmware.digest else { return nil }
            return .offer(try sign(offering(offer(firmware)), by: key(5)))
        }
        if word == "failed" {
            // What nobody could be told of stays what it is.
            world.run { $0.storedPhase?.word == "rolling back" }
            world.server.isReachable = false
        }
        world.run { $0.storedPhase?.word == word && $0.agent != nil }
        return world
    }

    /// What the device has told of how an update ended.
    private func reported(_ world: World) throws -> Failure? {
        for checkIn in world.server.checkIns {
            if case .failed(_, let failure) = checkIn.phase { return failure }
        }
        return nil
    }

    private func refusal(
        _ body: () throws(CommandRefusal) -> Void
    ) throws -> CommandRefusal? {
        do { try body() } catch { return error }
        return nil
    }

    // MARK: install

    @Test(arguments: [
        "offered", "downloading", "verifying", "installed", "trial", "confirming", "proven",
        "rolling back",
    ])
    func oneUpdateAtATime(word: String) throws {
        let world = try world(at: word, conduct: word == "rolling back" ? .unhealthy : .healthy)
        let agent = try #require(world.agent)
        let stored = world.machine.store.state
        let refused = try refusal { () throws(CommandRefusal) in
            try agent.install(bundle: World.stick)
        }
        #expect(refused == .underWay(try release("acme-gateway 2.0"), phase: word))
        #expect(refused?.description.contains("acme-gateway 2.0 is under way (\(word))") == true)
        #expect(world.machine.store.state == stored)
    }

    /// A device that no network reaches is updated again and again.
    @Test func whatHasEndedNeedsNoAcknowledgement() throws {
        let world = try World.carrying(Firmware("acme-gateway 2.0"))
        world.server.isReachable = false
        try #require(world.agent).install(bundle: World.stick)
        world.run { $0.storedPhase?.word == "proven" }
        let next = try Firmware("acme-gateway 3.0")
        world.machine.firmware.append(next)
        try world.server.repository.publish(next)
        world.bundles.bundles[World.stick] = FakeBundle(next, from: world.server.repository)
        try #require(world.agent).install(bundle: World.stick)
        world.run { $0.machine.confirmed.text == "a" }
        #expect(world.machine.running?.signed.release == next.signed.release)
    }

    @Test func aBundleTakesThePlaceOfAFailureThatNobodyHeardOf() throws {
        let world = try world(at: "failed", conduct: .unhealthy)
        let next = try Firmware("acme-gateway 3.0")
        world.machine.firmware.append(next)
        try world.server.repository.publish(next)
        world.bundles.bundles[World.stick] = FakeBundle(next, from: world.server.repository)
        try #require(world.agent).install(bundle: World.stick)
        world.run { $0.storedPhase?.word == "proven" }
        #expect(world.machine.running?.signed.release == next.signed.release)
    }

    @Test func aMissingBundleChangesNothing() throws {
        let world = try World.carrying(Firmware("acme-gateway 2.0"))
        let agent = try #require(world.agent)
        let refused = try refusal { () throws(CommandRefusal) in
            try agent.install(bundle: "/media/stick/other.slip")
        }
        #expect(refused == .unreadable(.bundle("/media/stick/other.slip does not exist")))
        #expect(agent.state.phase == .idle)
    }

    /// The state could not be read any more with a longer one.
    @Test(arguments: ["", "update.slip", "/" + String(repeating: "x", count: 1024)])
    func aPathThatCannotBeKeptIsRefused(path: String) throws {
        let world = try World.carrying(Firmware("acme-gateway 2.0"))
        world.bundles.bundles[path] = world.bundles.bundles[World.stick]
        let agent = try #require(world.agent)
        let refused = try refusal { () throws(CommandRefusal) in try agent.install(bundle: path) }
        #expect(refused == .badPath)
    }

    @Test func theLongestPathIsKept() throws {
        let path = "/" + String(repeating: "x", count: 1023)
        let world = try World.carrying(Firmware("acme-gateway 2.0"))
        world.bundles.bundles[path] = world.bundles.bundles[World.stick]
        try #require(world.agent).install(bundle: path)
        #expect(world.storedPhase?.job?.bundle == path)
    }

    // MARK: roll back

    @Test(arguments: ["offered", "downloading", "verifying", "installed", "trial armed"])
    func beforeTheTrialTheUpdateIsDropped(word: String) throws {
        let world = try world(at: word == "trial armed" ? "installed" : word)
        if word == "trial armed" { world.step() }
        try #require(world.agent).rollBack()
        #expect(world.storedPhase?.word == "failed")
        world.run { $0.storedPhase == .idle }
        #expect(try reported(world)?.detail == "dropped by hand before the trial")
        #expect(world.machine.confirmed.text == "a")
        #expect(world.machine.trial == nil)
    }

    /// An agent that was started again behind an armed trial: a power cut must not boot it.
    @Test(arguments: [true, false])
    func whatIsDroppedIsNotBootedAfterACut(isReplaced: Bool) throws {
        let world = try world(at: "installed")
        world.step()
        world.machine.setBootloader(confirmed: try slot("a"), trial: (try slot("b"), 1))
        let agent = try world.start()
        #expect(world.storedPhase?.word == "trial")
        try agent.rollBack()
        if isReplaced {
            world.bundles.bundles[World.stick] = FakeBundle(
                try Firmware("acme-gateway 2.0"), from: world.server.repository)
            try agent.install(bundle: World.stick)
        }
        world.reboot()
        #expect(world.machine.booted.text == "a")
    }

    @Test(arguments: [true, false])
    func duringTheTrialTheMachineGoesBack(isHealthy: Bool) throws {
        let world = try world(at: "trial")
        world.run { $0.machine.booted.text == "b" }
        try world.start()
        if isHealthy { world.step() }
        guard case .trial(_, let stage)? = world.storedPhase else {
            Issue.record("it is \(String(describing: world.storedPhase))")
            return
        }
        #expect(stage == (isHealthy ? .passed : .begun))
        try #require(world.agent).rollBack()
        #expect(world.storedPhase?.word == "rolling back")
        world.run { $0.storedPhase == .idle }
        #expect(try reported(world) == Failure(.health, "rolled back by hand"))
        #expect(world.machine.booted.text == "a")
        #expect(world.machine.trial == nil)
    }

    /// P1: whoever holds the device does not choose an older image for it.
    @Test(arguments: ["idle", "confirming", "proven"])
    func aConfirmedImageIsNotLeft(word: String) throws {
        let world = try world(at: word)
        let agent = try #require(world.agent)
        let refused = try refusal { () throws(CommandRefusal) in try agent.rollBack() }
        #expect(refused == .confirmed(slot: world.machine.booted))
        #expect(refused?.description.contains("signed to follow it") == true)
        #expect(world.storedPhase?.word == word)
    }

    @Test(arguments: ["failed", "rolling back"])
    func whatIsBackIsNotGoneBackFrom(word: String) throws {
        let world = try world(at: word, conduct: .unhealthy)
        let agent = try #require(world.agent)
        let refused = try refusal { () throws(CommandRefusal) in try agent.rollBack() }
        #expect(refused == .alreadyBack(try release("acme-gateway 2.0")))
    }

    // MARK: defer

    @Test func aDeferredRestartWaits() throws {
        let world = try world(at: "installed")
        let until = world.machine.now.advanced(by: .seconds(1000))
        #expect(try #require(world.agent).deferRestart(until: until) == until)
        world.run { $0.storedPhase?.word == "trial" }
        #expect(world.machine.now >= until)
        let waits = world.observer.notices.filter { notice in
            guard case .waiting = notice else { return false }
            return true
        }
        #expect(!waits.isEmpty)
    }

    @Test func theRolloutSaysHowLong() throws {
        let end = beginning.advanced(by: .seconds(500))
        let world = try world(at: "installed") { offer in
            var offer = offer
            offer.deferUntil = end
            return offer
        }
        #expect(try #require(world.agent).deferRestart(until: later) == end)
        world.run { $0.storedPhase?.word == "trial" }
        #expect(world.machine.now >= end)
        #expect(world.machine.now < end.advanced(by: .seconds(300)))
    }

    @Test func anEndedDeferralIsRefused() throws {
        let world = try world(at: "installed") { offer in
            var offer = offer
            offer.deferUntil = beginning
            return offer
        }
        let agent = try #require(world.agent)
        let refused = try refusal { () throws(CommandRefusal) in
            _ = try agent.deferRestart(until: later)
        }
        #expect(refused == .deferralEnded(beginning))
    }

    @Test func aPastMomentTakesTheDeferralBack() throws {
        let world = try world(at: "installed")
        let agent = try #require(world.agent)
        _ = try agent.deferRestart(until: later)
        _ = try agent.deferRestart(until: world.machine.now)
        #expect(agent.state.deferredUntil == nil)
    }

    @Test func aTrialCannotBePutOff() throws {
        let world = try world(at: "trial")
        let agent = try #require(world.agent)
        let refused = try refusal { () throws(CommandRefusal) in
            _ = try agent.deferRestart(until: later)
        }
        #expect(refused == .cannotWait(try release("acme-gateway 2.0"), phase: "trial"))
    }

    @Test func aFullDiskIsTold() throws {
        let world = try World.carrying(Firmware("acme-gateway 2.0"))
        world.machine.store.isFull = { _ in true }
        let agent = try #require(world.agent)
        let refused = try refusal { () throws(CommandRefusal) in
            try agent.install(bundle: World.stick)
        }
        guard case .agent(.device(.full)) = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        #expect(agent.state.phase == .idle)
    }
}

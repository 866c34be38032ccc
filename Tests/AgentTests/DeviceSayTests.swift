import Agent
import AgentSupport
import Model
import Testing
import Wire

/// Consent, hooks and logs: what the device's own programs have a say in, and what they leave.
@Suite struct DeviceSayTests {
    /// A device's own programs, as the tests want them.
    final class Programs: Consent, HookRunner, LogTail, FetchGate {
        var objections: [String] = []
        var linkDecisions: [FetchPolicy.Decision] = []
        /// What was still to be fetched, each time that it was asked.
        private(set) var bytesAsked: [Int64] = []
        var verdicts: [Hook: [HookVerdict]] = [:]
        private(set) var ran: [Hook] = []
        private(set) var facts: [Hook: [String: String]] = [:]
        private(set) var asked = 0

        func ask(for release: ReleaseID) -> ConsentVerdict {
            asked += 1
            return objections.isEmpty ? .yes : .notNow(objections.removeFirst())
        }

        func decision(at now: Instant, bytes: Int64) -> FetchPolicy.Decision {
            bytesAsked.append(bytes)
            return linkDecisions.isEmpty ? .go : linkDecisions.removeFirst()
        }

        func run(_ hook: Hook, facts: [String: String]) -> HookVerdict {
            ran.append(hook)
            self.facts[hook] = facts
            guard let verdict = verdicts[hook]?.first else { return .done }
            verdicts[hook]?.removeFirst()
            return verdict
        }

        func has(_ hook: Hook) -> Bool { verdicts[hook] != nil }

        func lines(ofPreviousBoot: Bool) -> String? {
            ofPreviousBoot ? "panic at the old boot\n" : "smoke in this boot\n"
        }
    }

    private static func world(
        _ goal: Firmware.Conduct = .healthy
    ) throws -> (World, Programs) {
        let world = try World(wanting: Firmware("acme-gateway 2.0", conduct: goal))
        let programs = Programs()
        world.programs = programs
        return (world, programs)
    }

    // MARK: Consent

    @Test func nobodyIsAskedTwiceWhoAgrees() throws {
        let (world, programs) = try Self.world()
        world.settle()
        #expect(world.isProven)
        #expect(programs.asked == 1)
    }

    @Test func notNowPutsTheRestartOffAndTellsTheServerWhy() throws {
        let (world, programs) = try Self.world()
        programs.objections = ["it flies", "it lands"]
        world.settle()
        #expect(world.isProven)
        let reasons = world.server.checkIns.compactMap { checkIn in
            if case .waiting(_, let reason) = checkIn.phase { reason } else { nil }
        }
        #expect(reasons == ["it flies", "it lands"])
        #expect(
            world.server.story == [
                "idle", "waiting", "installed", "trial", "proven", "idle",
            ])
    }

    @Test func theRolloutEndsTheWait() throws {
        let (world, programs) = try Self.world()
        programs.objections = Array(repeating: "it flies", count: 100)
        world.server.deferral = .seconds(600)
        world.settle()
        #expect(world.isProven)
        // One minute each, as the server asks for.
        #expect(programs.asked == 10)
    }

    @Test func whatIsPutOffCanBeTakenBack() throws {
        let (world, programs) = try Self.world()
        programs.objections = Array(repeating: "it flies", count: 100)
        world.server.order = { checkIn in
            guard case .waiting(let nonce, _) = checkIn.phase else {
                return try world.server.usualOrder(checkIn)
            }
            return .cancel(nonce)
        }
        world.run { world in world.storedPhase == .idle && programs.asked == 1 }
        #expect(world.machine.booted.text == "a")
        #expect(world.machine.trial == nil)
    }

    // MARK: The link

    @Test func anImageWaitsForItsLinkAndTheServerHearsWhy() throws {
        let (world, programs) = try Self.world()
        programs.linkDecisions = [
            .wait(.seconds(7), reason: "quiet hours"), .wait(.seconds(7000), reason: "metered"),
        ]
        world.settle()
        #expect(world.isProven)
        // Not longer than it is to be quiet, and not longer than the server asks for.
        #expect(world.pauses.prefix(2) == [.seconds(7), .seconds(60)])
        #expect(programs.bytesAsked.prefix(3) == [50_001, 50_001, 50_001])
        #expect(world.server.story.prefix(3) == ["idle", "waiting", "installed"])
    }

    /// What was fetched is kept.
    @Test func aTransferStopsWhenItsHoursAreOver() throws {
        let (world, programs) = try Self.world()
        world.server.timeOfEachPiece = .seconds(40)
        let quiet = FetchPolicy.Decision.wait(.seconds(7), reason: "quiet hours")
        programs.linkDecisions = [.go, .go, quiet, quiet]
        world.run { $0.server.checkIns.last?.phase.word == "waiting" }
        world.settle()
        #expect(world.isProven)
        #expect(world.server.transfers.count == 2)
        #expect(world.server.transfers.last ?? 0 > 0)
    }

    @Test func theServerIsLeftAloneAsLongAsItAsks() throws {
        let (world, _) = try Self.world()
        world.server.busyAnswers = [.busy(status: 503, retryAfterSeconds: 4000)]
        world.settle()
        #expect(world.pauses.first == .seconds(4001))
    }

    // MARK: Hooks

    @Test func hooksRunInTheirOrder() throws {
        let (world, programs) = try Self.world()
        world.settle()
        #expect(programs.ran == [.preDownload, .preInstall, .preReboot, .postConfirm])
        #expect(programs.facts[.preReboot]?["release"] == "acme-gateway 2.0")
        #expect(programs.facts[.preReboot]?["slot"] == "b")
    }

    @Test(arguments: [Hook.preDownload, .preInstall, .preReboot])
    func aHookThatFailsEndsTheUpdate(hook: Hook) throws {
        let (world, programs) = try Self.world()
        programs.verdicts[hook] = [.failed("the door is open")]
        world.settle()
        #expect(
            world.failure
                == Failure(.install, "the hook \(hook.rawValue) says no: the door is open"))
        #expect(world.machine.booted.text == "a")
        #expect(programs.ran.last == .failed)
        #expect(programs.facts[.failed]?["failure"]?.contains("the door is open") == true)
    }

    @Test(arguments: [Hook.preDownload, .preInstall, .preReboot])
    func aHookThatIsNotReadyIsAskedAgain(hook: Hook) throws {
        let (world, programs) = try Self.world()
        programs.verdicts[hook] = [.notNow("the door is open"), .notNow("the door is open")]
        world.settle()
        #expect(world.isProven)
        #expect(programs.ran.filter { $0 == hook }.count == 3)
        // The server hears why, so that the lease goes on and the offer can be taken back.
        let reasons = world.server.checkIns.compactMap { checkIn in
            if case .waiting(_, let reason) = checkIn.phase { reason } else { nil }
        }
        let reason = "the hook \(hook.rawValue): the door is open"
        #expect(reasons == [reason, reason])
    }

    /// A hook may know what would break: it is not overruled, and nothing waits for it for ever.
    @Test(arguments: [Hook.preDownload, .preInstall, .preReboot])
    func aHookThatIsNeverReadyEndsTheUpdate(hook: Hook) throws {
        let (world, programs) = try Self.world()
        programs.verdicts[hook] = Array(repeating: .notNow("the door is open"), count: 100)
        world.server.deferral = .seconds(600)
        world.settle()
        let detail = "the hook \(hook.rawValue) says not now for too long: the door is open"
        #expect(world.failure == Failure(.install, detail))
        #expect(world.machine.booted.text == "a")
    }

    @Test func whatTheUpdateWaitsForIsKnownUntilItGoesOn() throws {
        let (world, programs) = try Self.world()
        programs.objections = ["it flies"]
        world.run { $0.server.checkIns.last?.phase.word == "waiting" }
        #expect(world.agent?.waitsFor == "it flies")
        world.settle()
        #expect(world.agent?.waitsFor == nil)
    }

    @Test(arguments: [Hook.postConfirm, .failed])
    func aLateHookChangesNothing(hook: Hook) throws {
        let (world, programs) = try Self.world(hook == .failed ? .unhealthy : .healthy)
        programs.verdicts[hook] = [.failed("too late")]
        world.settle()
        #expect(world.isProven == (hook == .postConfirm))
        #expect(programs.ran.filter { $0 == hook }.count == 1)
    }

    /// However often the server has to be told.
    @Test func theFailedHookRunsOnce() throws {
        let (world, programs) = try Self.world(.unhealthy)
        world.run { $0.storedPhase?.word == "rolling back" }
        world.server.isReachable = false
        world.run { $0.storedPhase?.word == "failed" }
        for _ in 0..<5 { world.step() }
        world.server.isReachable = true
        world.settle()
        #expect(programs.ran.filter { $0 == .failed }.count == 1)
    }

    // MARK: Logs

    @Test func aFailedTrialTellsTheEndOfItsLog() throws {
        let (world, _) = try Self.world(.unhealthy)
        world.settle()
        #expect(world.failure?.kind == .health)
        #expect(world.failure?.log == "smoke in this boot\n")
    }

    @Test func anImageThatNeverCameUpLeavesWhatTheMachineKept() throws {
        let (world, _) = try Self.world(.neverBoots)
        world.settle()
        #expect(world.failure?.kind == .boot)
        #expect(world.failure?.log == "panic at the old boot\n")
    }

    // MARK: The trial's time

    /// The image before knew how long a good one takes; a bad one may claim anything.
    @Test func theImageBeforeSetsTheTime() throws {
        let (world, _) = try Self.world()
        world.configuration.trialDeadline = .seconds(90)
        world.run { $0.storedPhase?.word == "trial" }
        world.configuration.trialDeadline = .seconds(90_000)
        world.server.isReachable = false
        world.run { $0.storedPhase?.word == "rolling back" }
        world.server.isReachable = true
        world.settle()
        #expect(world.failure?.detail == "the new image did not reach the server within 90 s")
    }

    @Test func healthGetsTheTimeThatIsLeft() throws {
        let (world, _) = try Self.world()
        world.configuration.trialDeadline = .seconds(90)
        world.settle()
        #expect(world.machine.timesForHealth == [.seconds(90)])
    }
}

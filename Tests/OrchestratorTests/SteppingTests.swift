import Audit
import Model
import Orchestrator
import Rollouts
import Stores
import Synchronization
import TestSupport
import Testing
import Wire

/// One server at a time steps rollouts, whatever the others believe.
@Suite struct SteppingTests {
    /// A server with a monotonic clock of its own, which the test moves.
    private final class Server: Sendable {
        let orchestrator: Orchestrator
        let seat: SteppingSeat
        private let clock: SteadyClock

        init(
            _ name: String, _ world: World, store: (any Store)? = nil, clockShows: Duration = .zero,
            outside: any OutsideGateProbe = FakeProbe(), ended: [String] = []
        ) async throws {
            orchestrator = try await world.orchestrator(store: store, outside: outside)
            let clock = SteadyClock(clockShows)
            self.clock = clock
            seat = SteppingSeat(
                server: SteppingServer(id: must(Nonce(name)), name: name, process: "p-\(name)"),
                monotonic: { clock.now }, hasEnded: { ended.contains($0.process) })
        }

        func pass(_ time: Duration) { clock.advance(by: time) }

        @discardableResult func tend() async throws(Refusal) -> SteppingChange {
            try await orchestrator.tend(seat)
        }

        /// Whether it stepped, or tried to by a right that it believes in.
        func steps(by right: SteppingRight? = nil) async throws -> Bool {
            guard let right = right ?? seat.right else { return false }
            return try await orchestrator.step(by: right)
        }
    }

    private static func pair() async throws -> (World, Server, Server) {
        let world = try World()
        // Their clocks have nothing in common.
        let one = try await Server("one", world)
        return (world, one, try await Server("two", world, clockShows: .seconds(1_000_000)))
    }

    /// Looks at whatever both do in this time, as services do.
    private static func run(
        _ world: World, for time: Duration, alive: [Server], asleep: [Server] = []
    ) async throws -> [SteppingChange] {
        var changes: [SteppingChange] = []
        var passed = Duration.zero
        while passed < time {
            passed += SteppingSeat.lookPeriod
            for server in asleep { server.pass(SteppingSeat.lookPeriod) }
            for server in alive {
                server.pass(SteppingSeat.lookPeriod)
                let change = try await server.tend()
                if change != .none { changes.append(change) }
            }
            // What clocks on the wall show does not matter.
            world.clock.advance(seconds: [3600, -3600, 7, -7].randomElement() ?? 0)
        }
        return changes
    }

    // MARK: Who has it

    @Test func aLeaseThatNobodyHasIsTakenAtOnce() async throws {
        let (_, one, two) = try await Self.pair()
        #expect(one.seat.right == nil)
        let change = try await one.tend()
        #expect(change == .took(must(one.seat.right), from: nil))
        let other = try await two.tend()
        #expect(other == .none)
        #expect(two.seat.right == nil)
    }

    @Test func whoeverIsAliveKeepsItWhateverTheClocksShow() async throws {
        let (world, one, two) = try await Self.pair()
        try await one.tend()
        let changes = try await Self.run(world, for: .seconds(60), alive: [one, two])
        #expect(changes == [])
        #expect(one.seat.right?.epoch == 1 && two.seat.right == nil)
    }

    /// Within 10 s of a death: here with all that can pass between a look and the next.
    @Test(arguments: [0, 1, 2, 3])
    func anotherTakesOverFromTheDead(looksAfterTheLastBeat: Int) async throws {
        let (world, one, two) = try await Self.pair()
        try await one.tend()
        let before = try await Self.run(
            world, for: .seconds(10) + SteppingSeat.lookPeriod * looksAfterTheLastBeat,
            alive: [one, two])
        #expect(before == [])

        let early = try await Self.run(world, for: .seconds(3), alive: [two], asleep: [one])
        #expect(early == [])
        let late = try await Self.run(
            world, for: SteppingSeat.patience + SteppingSeat.lookPeriod * 2 - .seconds(3),
            alive: [two], asleep: [one])
        #expect(late == [.took(must(two.seat.right), from: one.seat.server)])
        #expect(two.seat.right?.epoch == 2)
    }

    /// What is not guarded by a transaction, such as a delivery, is done by one server as well.
    @Test func aHolderStopsToBelieveInItselfBeforeAnotherTakesOver() async throws {
        let (world, one, two) = try await Self.pair()
        try await one.tend()
        _ = try await Self.run(world, for: .seconds(9), alive: [one, two])
        while two.seat.right == nil {
            _ = try await Self.run(
                world, for: SteppingSeat.lookPeriod, alive: [two], asleep: [one])
            #expect(one.seat.right == nil || two.seat.right == nil)
        }
        #expect(one.seat.right == nil)
    }

    @Test func whoeverStopsInOrderLetsAnotherTakeItAtOnce() async throws {
        let (_, one, two) = try await Self.pair()
        try await one.tend()
        try await two.tend()
        try await two.orchestrator.leave(two.seat)
        let kept = try await two.orchestrator.steppingLease()
        #expect(kept?.holder == one.seat.server, "it was not two's to give up")
        try await one.orchestrator.leave(one.seat)
        #expect(one.seat.right == nil)
        let change = try await two.tend()
        #expect(change == .took(must(two.seat.right), from: nil))
    }

    /// The same server, started again after a crash.
    @Test func whoeverSeesThatTheHolderHasEndedNeedNotWait() async throws {
        let world = try World()
        let one = try await Server("one", world)
        try await one.tend()
        let two = try await Server("two", world, ended: ["p-one"])
        let change = try await two.tend()
        #expect(change == .took(must(two.seat.right), from: one.seat.server))
    }

    /// Nobody could tell that they were alive while the database was away.
    @Test func anOutageOfTheDatabaseIsNobodysDeath() async throws {
        let world = try World()
        let one = try await Server("one", world)
        let gone = GoneStore(try SQLiteStore(path: world.databasePath))
        let two = try await Server("two", world, store: gone)
        try await one.tend()
        try await two.tend()
        gone.isGone = true
        for _ in 0..<40 {
            two.pass(SteppingSeat.lookPeriod)
            await #expect(throws: Refusal.store(.busy)) { try await two.tend() }
        }
        gone.isGone = false
        let early = try await Self.run(world, for: .seconds(5), alive: [two])
        #expect(early == [])
        let late = try await Self.run(world, for: .seconds(3), alive: [two])
        #expect(late.count == 1)
    }

    @Test func aLeaseWhoseAnswerWasLostIsTakenAgain() async throws {
        let world = try World()
        let store = FaultyStore(try SQLiteStore(path: world.databasePath))
        let one = try await Server("one", world, store: store)
        store.arm(.after, afterWrites: 0)
        await #expect(throws: Refusal.store(.busy)) { try await one.tend() }
        #expect(one.seat.right == nil)
        try await one.tend()
        #expect(one.seat.right?.epoch == 2)
        let steps = try await one.steps()
        #expect(steps)
    }

    /// Both have seen that nobody has it, and both write.
    @Test func ofTwoThatTakeItAtOnceOneGetsIt() async throws {
        let world = try World()
        let two = try await Server("two", world)
        let store = MeddledStore(try SQLiteStore(path: world.databasePath))
        let one = try await Server("one", world, store: store)
        store.beforeNextWrite { _ = try? await two.tend() }
        let change = try await one.tend()
        #expect(change == .none)
        #expect(one.seat.right == nil && two.seat.right?.epoch == 1)
    }

    @Test func aBeatIsNoChangeOfTheFleet() async throws {
        let (world, one, _) = try await Self.pair()
        let store = try SQLiteStore(path: world.databasePath)
        try await one.tend()
        func state() async throws -> [String] {
            let rings = one.orchestrator.news.rings
            let log = try await one.orchestrator.auditPage(.all, after: nil, limit: 10)
            let version = try await store.read { try $0.rolloutsVersion() }
            let events = try await store.read { try $0.newestEventNumber() }
            return ["\(rings)", "\(log.rows.map(\.number))", "\(version as Any)", "\(events)"]
        }
        let before = try await state()
        let version = try await one.orchestrator.steppingLease()?.beat
        one.pass(SteppingSeat.beatPeriod)
        try await one.tend()
        let beats = try await one.orchestrator.steppingLease()?.beat
        #expect(beats == version.map { $0 + 1 })
        #expect(try await state() == before)
    }

    // MARK: Fencing

    /// A server that was paused, and does not know for how long.
    @Test func whoeverComesBackChangesNothingAndFollows() async throws {
        let (world, one, two) = try await Self.pair()
        try await world.publish("2.0.0", to: one.orchestrator)
        var devices = try await [TestDevice].enrolled(2, one.orchestrator)
        try await one.orchestrator.start(.simple("r"))
        _ = try await devices[0].checkIn(one.orchestrator).offer
        try await one.tend()
        // In the very moment in which it was to step.
        let right = try #require(one.seat.right)
        let changes = try await Self.run(world, for: .seconds(7), alive: [two], asleep: [one])
        #expect(changes.count == 1)

        world.clock.advance(seconds: 7200)
        let before = try await one.orchestrator.simple()
        let stepped = try await one.steps(by: right)
        let beaten = try await one.orchestrator.beat(by: right)
        #expect(!stepped && !beaten)
        #expect(try await one.orchestrator.simple() == before, "it changed something")
        #expect(before.failures.isEmpty)

        let change = try await one.tend()
        #expect(change == .lost(to: two.seat.server))
        let follows = try await Self.run(world, for: .seconds(20), alive: [two, one])
        #expect(follows == [])
        #expect(one.seat.right == nil)
        world.clock.advance(seconds: 100_000)
        let steps = try await two.steps()
        #expect(steps)
        #expect(
            try await two.orchestrator.simple().failures == [.init(kind: .overdue, devices: 1)])
    }

    /// Two that each think that the other is dead: whoever took it last steps, and no one else.
    @Test func twoThatEachThinkTheOtherDeadNeverBothStep() async throws {
        let world = try World()
        let one = try await Server("one", world, ended: ["p-two"])
        let two = try await Server("two", world, ended: ["p-one"])
        try await world.publish("2.0.0", to: one.orchestrator)
        var devices = try await [TestDevice].enrolled(12, one.orchestrator)
        try await one.orchestrator.start(.simple("r", concurrent: 3))
        var (refused, done) = (0, 0)
        for round in 0..<30 {
            let (taker, former) = round % 2 == 0 ? (one, two) : (two, one)
            let old = former.seat.right
            taker.pass(SteppingSeat.patience)
            try await taker.tend()
            try await taker.tend()
            world.clock.advance(seconds: 61)
            let before = try await one.orchestrator.simple()
            if let old {
                let stepped = try await former.steps(by: old)
                #expect(!stepped)
                refused += 1
            }
            #expect(try await one.orchestrator.simple() == before)
            let stepped = try await taker.steps()
            #expect(stepped)
            done += 1
            for index in devices.indices {
                let server = index % 2 == 0 ? one : two
                _ = try await devices[index].checkIn(server.orchestrator)
            }
            let open = try await one.orchestrator.simple().waves.reduce(0) { $0 + $1.offered }
            #expect(open <= 3)
        }
        #expect(refused >= 28 && done == 30)
    }

    @Test func anAnswerToAServerThatStepsNoMoreIsDropped() async throws {
        let world = try World()
        let probe = FakeProbe(["qa": .pass])
        let one = try await Server("one", world, outside: probe)
        let two = try await Server("two", world, outside: probe, ended: ["p-one"])
        try await world.publish("2.0.0", to: one.orchestrator)
        var devices = try await [TestDevice].enrolled(3, one.orchestrator)
        let check = RolloutFile.Check(name: "qa", command: "x")
        try await one.orchestrator.start(
            .simple(
                "r",
                waves: [.init(name: "canary", sample: 1), .init(name: "rest", percent: "100")],
                gate: .init(minConfirmed: 1, checks: [check])))
        for index in devices.indices {
            guard let offer = try await devices[index].checkIn(one.orchestrator).offer else {
                continue
            }
            devices[index].boots(offer)
            _ = try await devices[index].checkIn(one.orchestrator, .proven(offer.nonce))
        }
        try await one.tend()
        let right = try #require(one.seat.right)
        // It takes over while the one who is asked thinks.
        probe.meanwhile { _ = try? await two.tend() }
        try await one.orchestrator.askOutsideChecks(by: right)
        #expect(probe.questions.count == 1)
        #expect(try await one.orchestrator.simple().wave == 0)
        try await two.orchestrator.askOutsideChecks(by: must(two.seat.right))
        #expect(try await one.orchestrator.simple().wave == 1)
    }
}

/// A clock that only goes forward, when a test says so.
private final class SteadyClock: Sendable {
    private let shown: Mutex<Duration>

    init(_ start: Duration) { shown = Mutex(start) }

    var now: Duration { shown.withLock { $0 } }

    func advance(by time: Duration) { shown.withLock { $0 += time } }
}

/// A store that cannot be reached for a while.
private final class GoneStore: Store {
    private let base: any Store
    private let gone = Mutex(false)

    init(_ base: any Store) { self.base = base }

    var isGone: Bool {
        get { gone.withLock { $0 } }
        set { gone.withLock { $0 = newValue } }
    }

    func read<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer {
        guard !isGone else { throw StoreError.busy }
        return try await base.read(body)
    }

    func write<Answer: Sendable>(
        with pen: AuditPen, _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws -> Answer {
        guard !isGone else { throw StoreError.busy }
        return try await base.write(with: pen, body)
    }
}

/// A store in which somebody else is faster.
private final class MeddledStore: Store {
    private let base: any Store
    private let meddling = Mutex<(@Sendable () async -> Void)?>(nil)

    init(_ base: any Store) { self.base = base }

    func beforeNextWrite(_ body: @escaping @Sendable () async -> Void) {
        meddling.withLock { $0 = body }
    }

    func read<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer { try await base.read(body) }

    func write<Answer: Sendable>(
        with pen: AuditPen, _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws -> Answer {
        let faster = meddling.withLock { meddling in
            defer { meddling = nil }
            return meddling
        }
        await faster?()
        return try await base.write(with: pen, body)
    }
}

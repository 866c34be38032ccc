internal import ArgumentParser
import Foundation
internal import Audit
internal import Model
internal import OpenSSL
internal import Orchestrator
internal import Rollouts
internal import Stores
internal import Trust
internal import Wire

/// Starting and stepping a rollout in a large fleet.
struct RolloutBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollout",
        abstract: "Plan, start and step a rollout in a large fleet.",
        discussion: """
            The fleet of the check-in benchmark in a database. First the rollout runs in its second \
            wave, of 5 %, and all of that have proven the release: it is stepped until it sees that \
            nobody of the wave is left, and the next opens (steps_to_next_wave, step_ms_ending_most; \
            write_ms_most is the longest that a step kept other writes waiting). Once it runs in \
            its last wave, many devices have proven the release, some have failed, and the others were not \
            tried yet: step_ms is the median of what looking at it takes then, with everything \
            that a step does, and step_ms_most the most, in a new process, which first has to find \
            one of them, part by part.
            """)

    @Option(help: "How many devices the fleet has.") var devices = 1_000_000
    @Option(help: "How many devices were tried; 0 for half of them.") var attempts = 0
    @Option(help: "How many steps are measured.") var steps = 60
    @Option(help: "A folder for the fleet; kept, and used again when it is there.")
    var folder: String?
    @Option(help: "The folder of slipway; by default where this program is.")
    var programs: String?
    @OptionGroup var options: BenchOptions

    func validate() throws {
        guard devices >= 1000, steps >= 1, (0...devices).contains(attempts) else {
            throw ValidationError("at least 1000 devices and one step, and no more attempts")
        }
    }

    func run() async throws {
        let place = try BenchFolder(folder)
        defer { place.close() }
        let fleet = CheckInFleet(deviceCount: devices)
        let site = try await ServerSite(in: place, programs: programs)
        _ = try await fleet.register(in: site.database)
        var figures = Figures("rollout")
        figures.set("devices", to: devices)
        let name = try await start(site, &figures)
        try await end(secondWaveOf: name, fleet, site, &figures)
        let tried = attempts == 0 ? devices / 2 : attempts
        figures.set("attempts", to: tried)
        try await fill(name, fleet, tried, site)
        try await step(site, &figures)
        figures.set("peak_rss_mib", to: Program.ownPeakMiB)
        figures.tell()
    }

    private func start(_ site: ServerSite, _ figures: inout Figures) async throws -> RolloutName {
        let orchestrator = try BenchOrchestrator.make(on: site)
        guard let author = OperatorName("operator") else {
            throw BenchProblem.failed("an operator has a name")
        }
        // A folder may be used again, and a name may not.
        let file = BenchRollouts.file("bench-\(Int(Date().timeIntervalSince1970))")
        var begin = ContinuousClock.now
        let plan = try await orchestrator.plan(file)
        figures.set("plan_seconds", to: WallTime.seconds(.now - begin))
        begin = .now
        let started = try await orchestrator.start(
            StartRequest(file: file, digest: plan.digest), by: author)
        figures.set("create_seconds", to: WallTime.seconds(.now - begin))
        return started.name
    }

    /// Has all devices of the second wave prove the release, and steps until the third opens.
    private func end(
        secondWaveOf name: RolloutName, _ fleet: CheckInFleet, _ site: ServerSite,
        _ figures: inout Figures
    ) async throws {
        let watch = WriteWatch(try SQLiteStore(path: site.database.path))
        try await run(name, in: 1, watch)
        let order = FleetOrder.ofRollout(name, by: OpenSSLHashing())
        // 5 % and a little more.
        let end = UInt64.max / 100 * 6
        let listed = try await watch.read { try $0.rollout(name)?.listed[0] ?? [] }
        let early = try (0..<devices).map { try fleet.device($0) }
            .filter { order.bucket(of: $0).value < end || listed.contains($0) }
        try await save(early.count, in: name, watch) { now, number in
            Self.attempt(of: early[number], in: name, at: now)
        }
        let orchestrator = try BenchOrchestrator.make(on: site, watch)
        let right = try await Self.right(of: orchestrator)
        watch.forget()
        var took: [Double] = []
        while case .running(1, _, _)? = try await watch.read({ try $0.rollout(name)?.state }) {
            guard took.count < 10_000 else { throw BenchProblem.failed("the wave does not end") }
            let begin = ContinuousClock.now
            try await orchestrator.step(by: right)
            took.append(WallTime.seconds(.now - begin) * 1000)
        }
        figures.set("steps_to_next_wave", to: took.count)
        figures.set("step_ms_ending_most", to: took.max() ?? 0)
        figures.set("write_ms_most", to: watch.longestMilliseconds)
    }

    /// Puts the rollout into a wave that has soaked.
    private func run(
        _ name: RolloutName, in wave: Int, _ store: some Store
    ) async throws {
        let now = Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970))
        try await store.write(with: AuditPen(.server, at: now, hashing: OpenSSLHashing())) {
            store in
            guard var rollout = try store.rollout(name) else {
                throw BenchProblem.failed("rollout \(name) is not there")
            }
            rollout.state = .running(
                wave: wave, since: now.advanced(by: .seconds(-1_000_000)),
                started: now.advanced(by: .seconds(-2_000_000)))
            try store.update(rollout, at: now)
        }
    }

    private func save(
        _ count: Int, in name: RolloutName, _ store: some Store,
        _ attempt: @escaping @Sendable (Instant, Int) throws -> AttemptRecord
    ) async throws {
        let now = Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970))
        let pen = AuditPen(.server, at: now, hashing: OpenSSLHashing())
        for begin in stride(from: 0, to: count, by: 20_000) {
            try await store.write(with: pen) { store in
                for number in begin..<min(count, begin + 20_000) {
                    try store.save(attempt(now, number))
                }
            }
        }
    }

    private func fill(
        _ name: RolloutName, _ fleet: CheckInFleet, _ count: Int, _ site: ServerSite
    ) async throws {
        let store = try SQLiteStore(path: site.database.path)
        guard let last = try await store.read({ try $0.rollout(name)?.deviceCounts.count }) else {
            throw BenchProblem.failed("rollout \(name) is not there")
        }
        try await run(name, in: last - 1, store)
        try await save(count, in: name, store) { now, number in
            try Self.attempt(
                of: fleet.device(number), in: name, wave: number % 20 == 0 ? 1 : 2,
                hasFailed: number % 1000 == 7, at: now)
        }
    }

    /// Decided a while ago.
    private static func attempt(
        of device: DeviceID, in rollout: RolloutName, wave: Int = 1, hasFailed: Bool = false,
        at now: Instant
    ) -> AttemptRecord {
        let moment = now.advanced(by: .seconds(-100_000))
        return AttemptRecord(
            rollout: rollout, device: device, wave: wave,
            standing: hasFailed ? .failed : .proven, tries: 1,
            lastFailure: hasFailed
                ? AttemptRecord.LastFailure(
                    kind: .health, tryNumber: 1, at: moment, countsFrom: moment) : nil,
            notedTry: 0, forgivenTry: 0, cameFrom: nil)
    }

    /// What steps are made by, of which a database has one.
    private static func right(of orchestrator: Orchestrator) async throws -> SteppingRight {
        guard let id = Nonce("bench") else { preconditionFailure("it is a name") }
        if let right = try await orchestrator.steppingLease()?.right, right.holder == id {
            return right
        }
        let seat = SteppingSeat(
            server: SteppingServer(id: id, name: "bench", process: ""), monotonic: { .zero })
        guard case .took(let right, _) = try await orchestrator.tend(seat) else {
            throw BenchProblem.failed("a server steps rollouts on this database")
        }
        return right
    }

    private func step(_ site: ServerSite, _ figures: inout Figures) async throws {
        let orchestrator = try BenchOrchestrator.make(on: site)
        let right = try await Self.right(of: orchestrator)
        var took: [Double] = []
        for _ in 0..<steps {
            let begin = ContinuousClock.now
            try await orchestrator.step(by: right)
            took.append(WallTime.seconds(.now - begin) * 1000)
        }
        took.sort()
        figures.set("step_ms", to: took[took.count / 2])
        figures.set("step_ms_most", to: took.last ?? 0)
    }
}

/// An orchestrator in this process, on the database and the repository of a server.
enum BenchOrchestrator {
    /// - Parameter store: `nil` for one of its own.
    static func make(
        on site: ServerSite, _ store: (any Store)? = nil
    ) throws -> Orchestrator {
        let hashing = OpenSSLHashing()
        let key = try Ed25519PrivateKey.generate()
        let directory = try RepositoryDirectory(folder: site.repository)
        return Orchestrator(
            store: try store ?? SQLiteStore(path: site.database.path), files: directory,
            images: directory, spool: directory,
            signers: OnlineSigners(snapshot: key, timestamp: key, offer: key),
            cryptography: CryptographySuite(checker: OpenSSLSignatureChecker(), hashing: hashing),
            settings: Orchestrator.Settings(
                checkInSeconds: 300, sharedEnrolmentTokenDigest: nil, limits: .standard),
            zones: SystemTimeZones(), outside: NobodyOutside(),
            now: { Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970)) },
            makeNonce: {
                guard let nonce = Nonce("bench") else {
                    throw BenchProblem.failed("an offer has a name")
                }
                return nonce
            })
    }
}

/// Knows nothing: these rollouts ask nobody.
private struct NobodyOutside: OutsideGateProbe {
    func answer(_ check: OutsideCheck, about question: OutsideQuestion) async -> OutsideAnswer {
        .unknown("nobody is asked here")
    }
}

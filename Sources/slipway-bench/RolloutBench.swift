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
            The fleet of the check-in benchmark in a database. Once the rollout runs in its last \
            wave, many devices have proven the release, some have failed, and the others were not \
            tried yet: step_ms is the median of what looking at it takes then, with everything \
            that a step does, and step_ms_most the most; step_ms_first is the first look of a new \
            process.
            """)

    @Option(help: "How many devices the fleet has.") var devices = 1_000_000
    @Option(help: "How many devices were tried; 0 for half of them.") var attempts = 0
    @Option(help: "How many steps are measured.") var steps = 20
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

    private func fill(
        _ name: RolloutName, _ fleet: CheckInFleet, _ count: Int, _ site: ServerSite
    ) async throws {
        let store = try SQLiteStore(path: site.database.path)
        let now = Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970))
        let pen = AuditPen(.server, at: now, hashing: OpenSSLHashing())
        try await store.write(with: pen) { store in
            guard var rollout = try store.rollout(name) else {
                throw BenchProblem.failed("rollout \(name) is not there")
            }
            let last = rollout.deviceCounts.count - 1
            rollout.state = .running(
                wave: last, since: now.advanced(by: .seconds(-1_000_000)),
                started: now.advanced(by: .seconds(-2_000_000)))
            try store.update(rollout, at: now)
        }
        for begin in stride(from: 0, to: count, by: 20_000) {
            try await store.write(with: pen) { store in
                for number in begin..<min(count, begin + 20_000) {
                    try store.save(
                        Self.attempt(of: fleet.device(number), in: name, number, at: now))
                }
            }
        }
    }

    /// One in a thousand failed a while ago.
    private static func attempt(
        of device: DeviceID, in rollout: RolloutName, _ number: Int, at now: Instant
    ) -> AttemptRecord {
        let hasFailed = number % 1000 == 7
        let moment = now.advanced(by: .seconds(-100_000))
        return AttemptRecord(
            rollout: rollout, device: device, wave: number % 20 == 0 ? 1 : 2,
            standing: hasFailed ? .failed : .proven, tries: 1,
            lastFailure: hasFailed
                ? AttemptRecord.LastFailure(
                    kind: .health, tryNumber: 1, at: moment, countsFrom: moment) : nil,
            notedTry: 0, forgivenTry: 0, cameFrom: nil)
    }

    private func step(_ site: ServerSite, _ figures: inout Figures) async throws {
        let orchestrator = try BenchOrchestrator.make(on: site)
        guard let id = Nonce("bench") else { preconditionFailure("it is a name") }
        let seat = SteppingSeat(
            server: SteppingServer(id: id, name: "bench", process: ""), monotonic: { .zero })
        guard case .took(let right, _) = try await orchestrator.tend(seat) else {
            throw BenchProblem.failed("a server steps rollouts on this database")
        }
        var took: [Double] = []
        for _ in 0..<steps + 1 {
            let begin = ContinuousClock.now
            try await orchestrator.step(by: right)
            took.append(WallTime.seconds(.now - begin) * 1000)
        }
        figures.set("step_ms_first", to: took.removeFirst())
        took.sort()
        figures.set("step_ms", to: took[took.count / 2])
        figures.set("step_ms_most", to: took.last ?? 0)
    }
}

/// An orchestrator in this process, on the database and the repository of a server.
enum BenchOrchestrator {
    static func make(on site: ServerSite) throws -> Orchestrator {
        let hashing = OpenSSLHashing()
        let key = try Ed25519PrivateKey.generate()
        let directory = try RepositoryDirectory(folder: site.repository)
        return Orchestrator(
            store: try SQLiteStore(path: site.database.path), files: directory,
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

internal import Model
internal import OpenSSL
internal import Orchestrator
internal import Rollouts
internal import Stores
internal import Synchronization
internal import Trust

/// One server: a process that comes and goes, over a database and a folder that stay.
final class SimulatedServer {
    let name: String
    private(set) var orchestrator: Orchestrator?
    private(set) var life: ServerLife
    /// What the process knows of who steps rollouts.
    private(set) var seat: SteppingSeat?
    /// How much slower the lease's clock goes than the true one, in all servers alike.
    private static let leaseSlowness: Int64 = 30
    /// New with each process.
    private(set) var generation = 0
    /// Of the process that started last: when it looked at the metadata's age.
    var refreshedAt: Int64 = .min
    /// Whether it looks seldom, since nobody holds a lease; and which of its plans counts.
    var isIdle = false
    var workCount = 0

    private let database: MemoryStore
    private let repository: SimulatedRepository
    private let immediately: Immediately

    init(
        _ name: String, _ database: MemoryStore, _ repository: SimulatedRepository,
        _ immediately: Immediately
    ) {
        self.name = name
        self.database = database
        self.repository = repository
        self.immediately = immediately
        life = ServerLife(immediately)
    }

    var isUp: Bool { orchestrator != nil && life.isAlive }

    /// Why there is no answer.
    enum Trouble: Error {
        /// No process was there to answer, or it died before it did.
        case noAnswer
        case refused(Refusal)
    }

    /// Makes the process; it has yet to open the repository.
    func makeProcess(
        _ signers: OnlineSigners, _ cryptography: CryptographySuite, nonces: SeededNonces
    ) {
        generation += 1
        life = ServerLife(immediately)
        let handle = RepositoryHandle(repository: repository, life: life)
        let clock = repository.clock
        seat = SteppingSeat(
            server: SteppingServer(id: nonces.next(), name: name, process: ""),
            // So that a server need not look every half second of days.
            monotonic: { .milliseconds(clock.milliseconds / Self.leaseSlowness) })
        orchestrator = Orchestrator(
            store: ServerStore(database: database, life: life), files: handle, images: handle,
            spool: handle, signers: signers, cryptography: cryptography,
            settings: Orchestrator.Settings(
                checkInSeconds: Self.checkInSeconds,
                sharedEnrolmentTokenDigest: cryptography.hashing.sha256(
                    Array(Self.enrolmentToken.utf8)),
                limits: .standard),
            zones: FixedZones(), outside: NobodyOutside(), now: { clock.now },
            makeNonce: { nonces.next() })
    }

    static let enrolmentToken = "token-of-the-simulated-factory"
    static let checkInSeconds = 1200

    /// The process is gone; what it had stored stays.
    func end() {
        life.end()
        orchestrator = nil
    }

    /// Asks the process for something, while others do what `meanwhile` lets them.
    func ask<Answer: Sendable>(
        meanwhile: () -> Void,
        _ body: @escaping @Sendable (Orchestrator) async throws -> Answer
    ) -> Result<Answer, Trouble> {
        guard let orchestrator, life.isAlive else { return .failure(.noAnswer) }
        let life = life
        let result: Result<Answer, Trouble>
        do {
            result = .success(
                try immediately.run(meanwhile: meanwhile) { try await body(orchestrator) })
        } catch let refusal as Refusal {
            result = .failure(.refused(refusal))
        } catch { preconditionFailure("the orchestrator throws refusals, and no \(error)") }
        guard life.isAlive else {
            if self.life === life { end() }
            return .failure(.noAnswer)
        }
        return result
    }
}

/// Names that nobody else can guess, from the seed.
final class SeededNonces: Sendable {
    private let generator: Mutex<SeededGenerator>

    init(_ generator: SeededGenerator) { self.generator = Mutex(generator) }

    func next() -> Nonce {
        let bytes = generator.withLock { generator in
            (0..<16).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 32) }
        }
        guard let nonce = Nonce(Hex.encode(bytes)) else {
            preconditionFailure("32 digits are a name")
        }
        return nonce
    }
}

/// Zones that never change their clocks.
struct FixedZones: TimeZones {
    /// In hours ahead of UTC.
    static let hours = ["UTC": 0, "Etc/GMT-5": 5, "Etc/GMT+3": -3]

    func secondsFromUTC(in zone: String, at instant: Instant) -> Int? {
        Self.hours[zone].map { $0 * 3600 }
    }
}

/// No rollout of the simulation asks anybody outside.
struct NobodyOutside: OutsideGateProbe {
    func answer(_ check: OutsideCheck, about question: OutsideQuestion) async -> OutsideAnswer {
        .unknown("nobody is there")
    }
}

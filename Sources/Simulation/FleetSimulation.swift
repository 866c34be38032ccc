internal import Model
internal import OpenSSL
internal import Rollouts
internal import Stores
internal import Trust

/// A fleet, its servers, its people and its enemies, from one seed.
///
/// Agent, verifier, orchestrator, gates and SQL are the real ones. Clock, network, disks, power and
/// luck are made up, by one queue of events and without threads; so the same seed gives the same
/// run, line by line.
public final class FleetSimulation {
    public let seed: UInt64
    public let faults: Set<Fault>
    /// How long things go wrong, in milliseconds.
    let faultsEnd: Int64
    /// How long the fleet may take to calm down after that, in milliseconds.
    static let patience: Int64 = 3 * 86_400_000

    var luck: Luck
    let clock = SimulatedClock()
    var queue = EventQueue<() -> Void>()
    let database: MemoryStore
    let repository: SimulatedRepository
    let immediately = Immediately()
    let ring: KeyRing
    let cryptography: CryptographySuite
    let nonces: SeededNonces
    let keeper: Keeper
    let operators: Operators
    var servers: [SimulatedServer] = []
    var devices: [SimulatedDevice] = []
    let books: Books
    var trace: Trace
    let rates: Rates
    let hasMirror: Bool
    /// What was broken first.
    var broken: BrokenInvariant?
    /// How deep events are nested: what takes time lets others do something meanwhile.
    var nesting = 0
    var areFaultsOver = false
    var thief = Thief()
    /// What the thief has made, to be known by its bytes.
    var evilBytes: [[UInt8]] = []
    var isReplacingKey = false
    /// What decides about disks after a power cut.
    var diskLuck: SeededGenerator
    /// Whether nothing is left to do.
    var isSettled = false

    /// - Parameters:
    ///   - deviceCount: `nil` for a number that follows from the seed.
    ///   - days: How long things go wrong; `nil` for a time that follows from the seed.
    ///   - faults: `nil` for a choice that follows from the seed.
    ///   - isTraced: Whether everything that happens is kept as text.
    public init(
        seed: UInt64, deviceCount: Int? = nil, days: Double? = nil, faults: Set<Fault>? = nil,
        isTraced: Bool = false, onLine: ((String) -> Void)? = nil
    ) throws {
        var luck = Luck(seed: seed)
        self.seed = seed
        self.faults = faults ?? Self.faults(from: &luck)
        rates = Rates(&luck)
        let hours = days.map { Int64($0 * 24) } ?? luck.number(3...7, "days")
        faultsEnd = max(1, hours) * 3_600_000
        ring = KeyRing()
        cryptography = CryptographySuite(checker: ring, hashing: OpenSSLHashing())
        nonces = SeededNonces(luck.generator("nonces"))
        database = try MemoryStore()
        repository = SimulatedRepository(clock)
        keeper = try Keeper(&luck, ring, cryptography, repository)
        operators = Operators()
        books = Books()
        trace = Trace(isKept: isTraced, onLine: onLine)
        hasMirror = luck.happens(1, in: 2, "mirror")
        diskLuck = luck.generator("disks")
        self.luck = luck
        for number in 0..<Int(self.luck.number(1...3, "servers")) {
            servers.append(
                SimulatedServer("server-\(number + 1)", database, repository, immediately))
        }
        let count = deviceCount ?? Self.deviceCount(&self.luck)
        for number in 1...max(1, count) { devices.append(try makeDevice(number)) }
    }

    /// Most worlds are small, so that there can be many of them.
    private static func deviceCount(_ luck: inout Luck) -> Int {
        luck.happens(1, in: 20, "devices")
            ? Int(luck.number(30...60, "devices")) : Int(luck.number(3...15, "devices"))
    }

    private static func faults(from luck: inout Luck) -> Set<Fault> {
        if luck.happens(1, in: 25, "faults") { return Set(Fault.allCases) }
        if luck.happens(1, in: 6, "faults") { return [.thief, .cuts, .people] }
        return Set(Fault.usual.sorted().filter { _ in luck.happens(1, in: 2, "faults") })
    }

    /// Now, in milliseconds since the beginning.
    var now: Int64 { clock.milliseconds }

    /// Whether this kind of fault happens now.
    func isAtWork(_ fault: Fault) -> Bool { !areFaultsOver && faults.contains(fault) }

    func note(_ who: @autoclosure () -> String, _ what: @autoclosure () -> String) {
        guard trace.isKept else { return }
        trace.add(who(), what(), at: now)
    }

    // MARK: Time

    func plan(after milliseconds: Int64, _ event: @escaping () -> Void) {
        queue.add(event, at: now + max(0, milliseconds))
    }

    /// Lets so much time pass for somebody who waits; others do meanwhile what they have to do.
    func pass(_ milliseconds: Int64) {
        guard nesting < 3, broken == nil else { return }
        nesting += 1
        let end = now + milliseconds
        while broken == nil, let next = queue.nextAt, next <= end { happen() }
        clock.advance(to: end)
        nesting -= 1
    }

    private func happen() {
        guard let (at, event) = queue.popFirst() else { return }
        clock.advance(to: at)
        event()
        checkInvariants()
    }

    /// - Returns: What was broken; `nil` when every promise was kept.
    public func run() -> BrokenInvariant? {
        begin()
        while broken == nil, !isSettled, queue.nextAt != nil { happen() }
        if broken == nil { checkEnd() }
        return broken
    }

    func fail(
        _ promise: String, _ name: String, _ detail: String, _ devices: [SimulatedDevice] = []
    ) {
        guard broken == nil else { return }
        broken = BrokenInvariant(
            promise: promise, name: name, detail: detail, devices: devices.map { "\($0.id)" })
        note("INVARIANT", "\(promise) \(name): \(detail)")
    }
}

/// How often things go wrong in one run: once in so many chances.
struct Rates {
    let loss: Int
    let cut: Int
    let damage: Int
    let store: Int
    let crash: Int

    init(_ luck: inout Luck) {
        loss = luck.choice([5, 15, 60], "rates")
        cut = luck.choice([60, 200, 800], "rates")
        damage = luck.choice([8, 30, 100], "rates")
        store = luck.choice([15, 60, 300], "rates")
        crash = luck.choice([100, 400, 2000], "rates")
    }
}

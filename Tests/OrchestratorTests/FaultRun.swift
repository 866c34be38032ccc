import Foundation
import Model
import OpenSSL
import Orchestrator
import Stores
import TestSupport
import Trust
import Wire

/// One fleet, one database and one seed: what happens, and what has to hold after it.
final class FaultRun {
    let world: World
    let books: FaultBooks
    var random: SeededGenerator
    var devices: [FaultDevice] = []
    /// Two servers on one database.
    private var servers: [Orchestrator] = []
    /// What each of them knows of the lease: that the other is dead.
    private var seats: [SteppingSeat] = []
    /// That of the first.
    private var store: FaultyStore
    private var isFaulty = false
    private var path: String
    /// The server and the database that the orchestrators use instead of the file.
    private let postgres: (server: PostgresServer, address: String)?
    /// Check-ins as they were sent, to send them again.
    var sent: [[UInt8]] = []
    var started: [RolloutName] = []
    private(set) var trail: [FaultEvent] = []
    private var kills = 0
    /// How many events have passed since a device last worked on an offer.
    private var idleCount = 0
    /// How often devices fail, and whether those with one board mostly do.
    let failurePercent: Int
    let hasBadBoard: Bool

    static let other = must(OperatorName("bob"))
    private static let versions = ["2.0.0", "3.0.0", "4.0.0"]

    init(seed: UInt64, on server: PostgresServer? = nil) async throws {
        random = SeededGenerator(seed: seed)
        failurePercent = [2, 8, 25].randomElement(using: &random) ?? 2
        hasBadBoard = Bool.random(using: &random)
        world = try World()
        let path = world.databasePath
        self.path = path
        let postgres = try server.map { (server: $0, address: try $0.makeDatabase()) }
        self.postgres = postgres
        store = FaultyStore(try Self.open(postgres?.address, path))
        books = try FaultBooks(
            postgres == nil ? path : path + ".mirror",
            mirror: postgres.map {
                try PostgresMirror(of: $0.address, on: $0.server, at: path + ".mirror")
            })
        try await startServers()
        for version in ["1.0.0"] + Self.versions { try await publish(version) }
        for number in 0..<Int.random(in: 30...(chance(20) ? 60 : 40), using: &random) {
            var device = TestDevice(number)
            device.attributes = try FaultPlans.attributes(number, &random)
            devices.append(FaultDevice(device))
        }
    }

    private func startServers() async throws {
        store = FaultyStore(try Self.open(postgres?.address, path))
        servers = [
            try await world.orchestrator(store: store),
            try await world.orchestrator(store: Self.open(postgres?.address, path)),
        ]
        seats = [Self.seat(0), Self.seat(1)]
    }

    /// Of a server that takes every other one for dead, and itself never.
    private static func seat(_ number: Int) -> SteppingSeat {
        SteppingSeat(
            server: SteppingServer(
                id: must(Nonce(UUID().uuidString)), name: "server \(number)", process: ""),
            monotonic: { .zero }, hasEnded: { _ in true })
    }

    private static func open(_ address: String?, _ path: String) throws -> any Store {
        guard let address else { return try SQLiteStore(path: path) }
        return try PostgresStore(url: address)
    }

    /// One of the servers: which of them is asked never matters.
    var orchestrator: Orchestrator { servers[serverNumber] }
    private var serverNumber: Int { isFaulty || chance(50) ? 0 : 1 }

    /// Images that are long enough for a budget of bytes; whoever has one may go down to 1.0.0.
    private func publish(_ version: String) async throws {
        let bytes = Array("image \(version)".utf8) + Array(repeating: 46, count: 400)
        let (metadata, image) = try world.targets(
            adding: version, bytes: bytes, counter: version == "1.0.0" ? 2 : 1)
        try await orchestrator.stage(image.image.sha256, Pieces([bytes]))
        _ = try await orchestrator.publish(.targets(metadata), by: World.author)
    }

    func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    // MARK: Events

    /// Lets so many things happen, and checks the books after each.
    func play(_ count: Int) async throws {
        for index in devices.indices { try take(try await checkIn(index, .idle)) }
        try take(try await start("r0", priority: nil))
        for number in 0..<count {
            moveClock()
            if chance(2) { try await herd() } else { try take(try await event()) }
            if number % 25 == 24 { try await books.checkMemory(servers[0], &random) }
        }
        try await books.checkMemory(servers[0], &random, sampleCount: 40)
        try await books.checkAudit(servers[1])
    }

    /// Many come in one second.
    private func herd() async throws {
        for index in devices.indices.shuffled(using: &random).prefix(15)
        where devices[index].held == nil {
            try take(try await checkIn(index, .idle))
        }
    }

    private func take(_ event: FaultEvent) throws {
        trail = trail.suffix(19) + [event]
        try books.check(event)
    }

    private func moveClock() {
        idleCount = devices.contains { $0.held != nil } ? 0 : idleCount + 1
        let seconds: Int64 =
            switch Int.random(in: 0..<1000, using: &random) {
            // Whoever waits for a window, a budget or a soak has nothing else to do.
            case _ where idleCount > 8: Int64.random(in: 20...7200, using: &random)
            case 0..<100: 0
            case 100..<980: Int64.random(in: 1...4, using: &random)
            case 980..<990: Int64.random(in: 100...400, using: &random)
            case 990..<994: Int64.random(in: 3600...20_000, using: &random)
            default: -Int64.random(in: 1...3600, using: &random)
            }
        if idleCount > 8 { idleCount = 0 }
        world.clock.advance(seconds: seconds)
        books.clockMoved(to: world.clock.now)
    }

    private func event() async throws -> FaultEvent {
        if chance(4), let fault = FaultyStore.Fault.allCases.randomElement(using: &random) {
            store.arm(fault, afterWrites: chance(70) ? 0 : Int.random(in: 1...2, using: &random))
            isFaulty = true
            let event = try await peacefulEvent(fault: fault)
            isFaulty = false
            store.disarm()
            return event
        }
        return try await peacefulEvent(fault: nil)
    }

    private func peacefulEvent(fault: FaultyStore.Fault?) async throws -> FaultEvent {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<5: try await step(fault: fault)
        case 5..<6: try await kill()
        case 6..<8: try await replay()
        case 8..<11: try await changeDevice(fault: fault)
        case 11..<16: try await control(fault: fault)
        case 16..<18: try await startAnother(fault: fault)
        case 18..<20: changeAttributes()
        default: try await deviceActs(fault: fault)
        }
    }

    func happened(
        _ what: String, _ change: (inout FaultEvent) -> Void = { _ in }
    ) -> FaultEvent {
        var event = FaultEvent(what: what, at: world.clock.now)
        change(&event)
        return event
    }

    // MARK: The server

    private func step(fault: FaultyStore.Fault?) async throws -> FaultEvent {
        let number = serverNumber
        do throws(Refusal) {
            guard try await steps(number) else {
                // It has found that the other one stepped in its place, and now does the same.
                seats[number] = Self.seat(number)
                return happened("server \(number) may not step") { $0.isWithoutEffect = true }
            }
        } catch {
            guard fault != nil, case .store = error else { throw error }
            return happened("a step that failed: \(error)")
        }
        return happened("a step of server \(number)") { $0.endsLeases = fault == nil }
    }

    /// Whether the server was the one that steps.
    private func steps(_ number: Int) async throws(Refusal) -> Bool {
        _ = try await servers[number].tend(seats[number])
        guard let right = seats[number].right else { return false }
        return try await servers[number].step(by: right)
    }

    /// Both processes are gone, and what they had on disk is what others find.
    private func kill() async throws -> FaultEvent {
        let before = try books.newFingerprint()
        let event = happened("the servers are killed")
        let isSudden = chance(50)
        if let postgres {
            // The database's own server, too, in the middle of what it does.
            if isSudden {
                try postgres.server.crash()
                try postgres.server.start()
            }
        } else if isSudden {
            // As if the machine had stopped: nothing was closed, and the log was not written back.
            kills += 1
            let copy = world.folder.appending(path: "copy-\(kills).sqlite").path
            for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
                try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
            }
            path = copy
        }
        try await startServers()
        if postgres == nil { try books.open(path) }
        guard try books.newFingerprint() == before else {
            throw BrokenPromise("something was lost when the servers were killed")
        }
        return event
    }

    private func replay() async throws -> FaultEvent {
        guard let old = sent.randomElement(using: &random) else { return happened("nothing") }
        let before = try books.newFingerprint()
        do { _ = try await orchestrator.checkIn(old) } catch {
            guard case .conflict = error else {
                if case .store = error { return happened("a replay that failed") }
                throw BrokenPromise("a replay was refused otherwise: \(error)")
            }
            guard try books.newFingerprint() == before else {
                throw BrokenPromise("a replay changed something")
            }
            return happened("a replay is refused")
        }
        throw BrokenPromise("a check-in was taken twice")
    }

    // MARK: Rollouts

    private func start(
        _ name: String, priority: String?, supersedes: RolloutFile.Supersedes? = nil
    ) async throws -> FaultEvent {
        let version = must(Self.versions.randomElement(using: &random))
        var file = FaultPlans.file(name, version: version, &random)
        file.priority = priority
        file.supersedes = supersedes
        _ = try await orchestrator.start(file)
        started.append(must(RolloutName(name)))
        return happened("\(name) starts: \(version), \(file.limits), \(file.gate)")
    }

    private func startAnother(fault: FaultyStore.Fault?) async throws -> FaultEvent {
        let name = "r\(started.count)"
        guard started.count < 6 else { return happened("nothing") }
        do {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: return try await start(name, priority: nil)
            case 1: return try await start(name, priority: "8")
            case 2: return try await start(name, priority: "emergency")
            default: return try await start(name, priority: nil, supersedes: .older)
            }
        } catch let refusal as Refusal {
            var event = refused("\(name) is not started", refusal, fault)
            // What was shown may have been kept.
            event.isWithoutEffect = false
            return event
        }
    }

    private func control(fault: FaultyStore.Fault?) async throws -> FaultEvent {
        let rollouts = try await orchestrator.rollouts(limit: 1000).items
        let live = rollouts.filter { ["running", "paused"].contains($0.state) }
        guard let rollout = (chance(80) ? live : rollouts).randomElement(using: &random) else {
            return happened("nothing")
        }
        let name = rollout.name
        let paused = try books.pausedStrata(of: name)
        do {
            if let stratum = paused.randomElement(using: &random), chance(50) {
                _ = try await orchestrator.resume(
                    name, for: StratumRequest(attribute: stratum.name, value: stratum.value),
                    by: World.author)
                return happened("\(name) resumes \(stratum)") { $0.mayForgive = true }
            }
            switch Int.random(in: 0..<60, using: &random) {
            case 0: _ = try await orchestrator.control(name, .abort)
            case 1: _ = try await orchestrator.revert(name, to: nil, by: World.author)
            case 2..<12: _ = try await orchestrator.control(name, .pause)
            case 12..<16: _ = try await orchestrator.approve(name, by: World.author)
            case 16..<32: _ = try await orchestrator.approve(name, by: Self.other)
            default: _ = try await orchestrator.control(name, .resume)
            }
            return happened("\(name) is controlled") { $0.mayForgive = true }
        } catch {
            var event = refused("\(name) is not controlled", error, fault)
            event.mayForgive = true
            return event
        }
    }

    /// Whoever is refused has changed nothing, unless only the answer was lost.
    func refused(
        _ what: String, _ refusal: Refusal, _ fault: FaultyStore.Fault?
    ) -> FaultEvent {
        happened("\(what): \(refusal)") { event in
            if case .store = refusal {
                event.isWithoutEffect = fault != .after
            } else {
                event.isWithoutEffect = true
            }
        }
    }
}

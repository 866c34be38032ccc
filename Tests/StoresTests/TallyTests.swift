import Model
import Orchestrator
import Rollouts
import Stores
import TestSupport
import Testing

private typealias Scene = SQLiteStoreTests

/// Counts that are kept with each change are those that one gets by counting.
@Suite struct TallyTests {
    static let seeds: [UInt64] = Array(0..<6)
    private static let name = must(RolloutName("r"))
    private static let sites = ["kiel", "lyon", "zürich"]
    private static let failures: [FailureClass] = [.health, .overdue]

    @Test(arguments: Engine.allCases, seeds)
    func keepsCountOfEveryAttempt(engine: Engine, seed: UInt64) async throws {
        let store = try TestDatabase(engine).open()
        try await store.write { store in
            try store.add(Scene.rollout())
            for number in 0..<12 {
                try store.save(Scene.device("gw-\(number)"), at: Scene.at(1))
            }
        }
        var random = TestRandom(seed: seed)
        for _ in 0..<60 {
            let seed = random.next()
            try await store.write { store in
                var random = TestRandom(seed: seed)
                try Self.change(store, &random)
                try Self.compare(store)
            }
        }
    }

    private static func change(
        _ store: any StoreWriter, _ random: inout TestRandom
    ) throws {
        let device = random.number(12)
        let site = Stratum(attribute: "site", value: sites[random.number(3)])
        switch random.number(20) {
        case 0: try store.removeAttempt(of: must(DeviceID("gw-\(device)")), in: name)
        case 1:
            try store.add(PausedStratum(rollout: name, stratum: site, at: Scene.at(5), reason: "x"))
        case 2: _ = try store.lift(site, in: name, at: Scene.at(6))
        case 3: try store.forgive(site, in: name, at: Scene.at(20))
        case 4: _ = try store.forgive([.health], in: name, at: Scene.at(20))
        case 5:
            try store.noteEvidence(in: name, at: Scene.at(20))
            try store.forgiveNoted(in: name)
        case 6: try store.postponeRetries(in: name, until: Scene.at(35))
        default: try tryOnce(device, store, &random)
        }
    }

    private static func tryOnce(
        _ number: Int, _ store: any StoreWriter, _ random: inout TestRandom
    ) throws {
        let device = must(DeviceID("gw-\(number)"))
        let old = try store.attemptRecord(of: device, in: name)
        var attempt =
            old
            ?? AttemptRecord(
                rollout: name, device: device, wave: random.number(2), standing: .open, tries: 0,
                lastFailure: nil, notedTry: 0, forgivenTry: 0, cameFrom: nil)
        attempt.tries += 1
        attempt.standing = [.open, .proven, .failed][random.number(3)]
        if attempt.standing == .failed {
            attempt.lastFailure = AttemptRecord.LastFailure(
                kind: failures[random.number(2)], tryNumber: attempt.tries, at: Scene.at(10),
                countsFrom: [nil, Scene.at(10), Scene.at(30)][random.number(3)])
        }
        try store.save(attempt)
        guard old == nil else { return }
        let values = values(of: device).map { ($0.attribute, $0.value) }
        try store.add(values: Dictionary(uniqueKeysWithValues: values), of: attempt)
    }

    private static func values(of device: DeviceID) -> Set<Stratum> {
        let number = must(Int(device.text.dropFirst(3)))
        return [
            Stratum(attribute: "site", value: sites[number % 3]),
            Stratum(attribute: "board", value: "b\(number % 2)"),
        ]
    }

    // MARK: The same by counting

    private static func compare(_ store: any StoreWriter) throws {
        let paused = try store.pausedStrata(of: name).map(\.stratum)
        let attempts = try store.attemptRecords(in: name)
        let outside = attempts.filter { values(of: $0.device).isDisjoint(with: paused) }
        for second: Int64 in [10, 29, 30, 100] {
            let now = Scene.at(second)
            for onlyOutside in [false, true] {
                let counted = onlyOutside ? outside : attempts
                let found = try store.tallies(of: name, at: now, outsidePausedStrata: onlyOutside)
                #expect(found == tallies(counted, now), "at \(second), outside: \(onlyOutside)")
            }
            let found = try store.decided(
                in: name, by: ["site", "board"], classes: [.health], at: now)
            #expect(found == decided(outside, now), "at \(second)")
        }
        #expect(try store.provenCount(in: name) == attempts.count { $0.standing == .proven })
    }

    private static func hasFailed(_ attempt: AttemptRecord, _ now: Instant) -> Bool {
        guard attempt.standing != .proven, let from = attempt.lastFailure?.countsFrom else {
            return false
        }
        return from <= now
    }

    private static func tallies(_ attempts: [AttemptRecord], _ now: Instant) -> [WaveTally] {
        var tallies: [Int: WaveTally] = [:]
        for attempt in attempts {
            var tally = tallies[attempt.wave] ?? WaveTally(wave: attempt.wave)
            let failed = hasFailed(attempt, now)
            if let failure = attempt.lastFailure, failed {
                let one = FailureCounts([failure.kind: 1])
                if attempt.standing == .failed { tally.failures = tally.failures + one }
                if failure.tryNumber > attempt.forgivenTry {
                    tally.evidence.failures = tally.evidence.failures + one
                }
            }
            switch attempt.standing {
            case .open: tally.open += 1
            case .proven:
                tally.proven += 1
                if attempt.tries > attempt.forgivenTry { tally.evidence.proven += 1 }
            case .failed: if !failed { tally.retrying += 1 }
            }
            tallies[attempt.wave] = tally
        }
        return tallies.values.sorted { $0.wave < $1.wave }
    }

    private static func decided(
        _ attempts: [AttemptRecord], _ now: Instant
    ) -> [Stratum: DecidedCount] {
        var counts: [Stratum: DecidedCount] = [:]
        for attempt in attempts {
            let isProof = attempt.standing == .proven && attempt.tries > attempt.forgivenTry
            let isFailure =
                hasFailed(attempt, now) && attempt.lastFailure?.kind == .health
                && (attempt.lastFailure?.tryNumber ?? 0) > attempt.forgivenTry
            for stratum in values(of: attempt.device) {
                let before = counts[stratum] ?? DecidedCount(proven: 0, failed: 0)
                counts[stratum] = DecidedCount(
                    proven: before.proven + (isProof ? 1 : 0),
                    failed: before.failed + (isFailure ? 1 : 0))
            }
        }
        return counts
    }
}

/// Small numbers that follow from a seed.
private struct TestRandom {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }

    mutating func number(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}

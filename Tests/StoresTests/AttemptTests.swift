import Model
import Orchestrator
import Rollouts
import Stores
import TestSupport
import Testing

private typealias Scene = SQLiteStoreTests

/// What devices made of rollouts, and what the gate counts of it.
@Suite struct AttemptTests {
    /// What a device made of a rollout, and what the gate counts of it.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let attempt: AttemptRecord
        /// Of the one device at second 100.
        let expected: WaveTally

        init(
            _ sentence: String, _ standing: AttemptRecord.Standing, tries: Int = 1,
            failure: AttemptRecord.LastFailure? = nil, forgiven: Int = 0,
            _ change: (inout WaveTally) -> Void
        ) {
            testDescription = sentence
            attempt = AttemptRecord(
                rollout: must(RolloutName("r")), device: must(DeviceID("gw-1")), wave: 1,
                standing: standing, tries: tries, lastFailure: failure, notedTry: 0,
                forgivenTry: forgiven, cameFrom: ReleaseID("acme 1.0"))
            var tally = WaveTally(wave: 1)
            change(&tally)
            expected = tally
        }
    }

    private static func failure(
        _ kind: FailureClass = .health, tryNumber: Int = 1, countsFrom: Int64? = 100
    ) -> AttemptRecord.LastFailure {
        AttemptRecord.LastFailure(
            kind: kind, tryNumber: tryNumber, at: Scene.at(90),
            countsFrom: countsFrom.map(Scene.at))
    }

    private static let one = FailureCounts([.health: 1])

    static let attempts: [Row] = [
        Row("under way", .open) { $0.open = 1 },
        Row("proven", .proven) {
            $0.proven = 1
            $0.evidence.proven = 1
        },
        Row("proven and forgiven", .proven, forgiven: 1) { $0.proven = 1 },
        Row("failed", .failed, failure: failure()) {
            $0.failures = one
            $0.evidence.failures = one
        },
        Row("failed and forgiven", .failed, failure: failure(), forgiven: 1) {
            $0.failures = one
        },
        Row("tried again later", .failed, failure: failure(countsFrom: 101)) { $0.retrying = 1 },
        Row("a failure that counts until it is made good", .open, tries: 2, failure: failure()) {
            $0.open = 1
            $0.evidence.failures = one
        },
        Row(
            "a failure that is undecided while it is tried again", .open, tries: 2,
            failure: failure(countsFrom: nil)
        ) { $0.open = 1 },
        Row(
            "a forgiven failure that is tried again", .open, tries: 2, failure: failure(),
            forgiven: 1
        ) { $0.open = 1 },
        Row(
            "a failure after a forgiven one is news", .failed, tries: 2,
            failure: failure(tryNumber: 2), forgiven: 1
        ) {
            $0.failures = one
            $0.evidence.failures = one
        },
        Row("made good", .proven, tries: 2, failure: failure(), forgiven: 1) {
            $0.proven = 1
            $0.evidence.proven = 1
        },
    ]

    @Test(arguments: Engine.allCases, attempts)
    func countsADeviceByItsNewestTry(engine: Engine, row: Row) async throws {
        let store = try TestDatabase(engine).open()
        let name = must(RolloutName("r"))
        let found = try await store.write { store in
            try store.save(Scene.device(), at: Scene.at(100))
            try store.add(Scene.rollout())
            try store.save(row.attempt)
            try store.add(values: ["site": "zürich"], of: row.attempt)
            return (
                try store.attemptRecords(in: name),
                try store.tallies(of: name, at: Scene.at(100), outsidePausedStrata: true),
                try store.decided(
                    in: name, by: ["site"], classes: [.health], at: Scene.at(100))
            )
        }
        #expect(found.0 == [row.attempt])
        #expect(found.1 == [row.expected])
        let evidence = row.expected.evidence
        #expect(
            found.2 == [
                Stratum(attribute: "site", value: "zürich"): DecidedCount(
                    proven: evidence.proven, failed: evidence.failures.total)
            ])
    }

    /// What is noted at a stop is forgiven later, and nothing that came in between.
    @Test(arguments: Engine.allCases)
    func forgivesWhatWasNotedAndNothingElse(engine: Engine) async throws {
        let store = try TestDatabase(engine).open()
        let name = must(RolloutName("r"))
        @Sendable func attempt(_ device: String, _ countsFrom: Int64) -> AttemptRecord {
            AttemptRecord(
                rollout: name, device: must(DeviceID(device)), wave: 0, standing: .failed,
                tries: 1, lastFailure: Self.failure(countsFrom: countsFrom), notedTry: 0,
                forgivenTry: 0, cameFrom: nil)
        }
        let tallies = try await store.write { store in
            try store.add(Scene.rollout())
            for device in ["gw-1", "gw-2", "gw-3"] {
                try store.save(Scene.device(device), at: Scene.at(100))
            }
            try store.save(attempt("gw-1", 100))
            try store.save(attempt("gw-2", 101))
            try store.noteEvidence(in: name, at: Scene.at(100))
            try store.save(attempt("gw-3", 100))
            try store.forgiveNoted(in: name)
            return try store.tallies(of: name, at: Scene.at(200), outsidePausedStrata: true)
        }
        #expect(tallies.map(\.failures.total) == [3])
        #expect(tallies.map(\.evidence.failures.total) == [2], "gw-2 and gw-3 were not seen")
    }
}

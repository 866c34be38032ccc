import Model
import Orchestrator
import Rollouts
import Stores
import TestSupport
import Testing

private typealias Scene = SQLiteStoreTests

/// What tells servers that rollouts are no longer as they remember them.
@Suite struct RolloutsVersionTests {
    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var before: @Sendable (any StoreWriter) throws -> Void = { _ in }
        let make: @Sendable (any StoreWriter) throws -> Void
    }

    private static let stratum = Stratum(attribute: "site", value: "kiel")
    private static let image = ImageRecord(
        image: must(
            ImageReference(
                path: must(TargetPath("a.img")),
                sha256: must(Digest(bytes: Array(repeating: 3, count: 32))), length: 9)),
        release: must(ReleaseID("acme 3.0.0")), hardware: [must(HardwareModel("gw-2"))], from: [],
        mayDowngrade: false)

    private static let paused = PausedStratum(
        rollout: must(RolloutName("r")), stratum: stratum, at: Scene.at(3), reason: "x")

    static let changes = [
        Change(testDescription: "a rollout's state") { store in
            var rollout = must(try store.rollout(must(RolloutName("r"))))
            rollout.state = .aborted(.operatorRequest)
            try store.update(rollout, at: Scene.at(2))
        },
        Change(testDescription: "another rollout") { store in
            var rollout = Scene.rollout()
            rollout.name = must(RolloutName("s"))
            try store.add(rollout)
        },
        Change(testDescription: "an image") { try $0.save(image) },
        Change(
            testDescription: "an image that is gone", before: { try $0.save(image) }
        ) {
            try $0.removeImage(at: image.image.path)
        },
        Change(testDescription: "a paused stratum") { _ = try $0.add(paused) },
        Change(
            testDescription: "a stratum that is let in again", before: { _ = try $0.add(paused) }
        ) { store in
            let wasPaused = try store.lift(stratum, in: must(RolloutName("r")), at: Scene.at(4))
            #expect(wasPaused)
        },
    ]

    @Test(arguments: Engine.allCases, changes)
    func changesWithEveryChangeAndForEveryServer(engine: Engine, _ change: Change) async throws {
        let database = try TestDatabase(engine)
        let (one, other) = (try database.open(), try database.open())
        try await one.write {
            try $0.add(Scene.rollout())
            try change.before($0)
        }
        let before = try await other.read { try $0.rolloutsVersion() }
        try await one.write { try change.make($0) }
        let after = try await other.read { try $0.rolloutsVersion() }
        #expect(before != nil && after != nil && before != after)
    }

    private struct Refused: Error {}

    /// Who remembered something by a version that was taken back must not find it again.
    @Test(arguments: Engine.allCases)
    func neverComesAgainOnceItWasTakenBack(engine: Engine) async throws {
        let store = try TestDatabase(engine).open()
        let before = try await store.read { try $0.rolloutsVersion() }
        let seen = Seen()
        await #expect(throws: Refused.self) {
            try await store.write { store in
                try store.add(Scene.rollout())
                seen.version = try store.rolloutsVersion()
                throw Refused()
            }
        }
        let takenBack = try await store.read { try $0.rolloutsVersion() }
        #expect(takenBack == before)
        try await store.write { try $0.add(Scene.rollout()) }
        let after = try await store.read { try $0.rolloutsVersion() }
        #expect(after != before && after != seen.version && seen.version != nil)
    }

    @Test(arguments: Engine.allCases)
    func staysWhileDevicesCheckIn(engine: Engine) async throws {
        let store = try TestDatabase(engine).open()
        let before = try await store.read { try $0.rolloutsVersion() }
        try await store.write { try $0.save(Scene.device(), at: Scene.at(1)) }
        let after = try await store.read { try $0.rolloutsVersion() }
        #expect(after == before)
    }
}

private final class Seen: @unchecked Sendable {
    var version: RolloutsVersion?
}

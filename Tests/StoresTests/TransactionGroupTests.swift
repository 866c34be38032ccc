import Foundation
import Model
import Orchestrator
import Rollouts
import Stores
import Synchronization
import TestSupport
import Testing

private typealias Scene = SQLiteStoreTests

/// Bodies that wait at the same time share a transaction, and none of them can tell.
@Suite struct TransactionGroupTests {
    private struct Interrupted: Error {}

    /// Keeps the store's writer busy until it is opened.
    private final class Gate: Sendable {
        private let isHeld = Atomic(false)
        private let opened = DispatchSemaphore(value: 0)

        func hold() {
            isHeld.store(true, ordering: .releasing)
            opened.wait()
        }

        /// Without keeping a thread, of which tests have few.
        func waitUntilHeld() async {
            while !isHeld.load(ordering: .acquiring) { await Task.yield() }
        }

        func open() { opened.signal() }
    }

    private static func event(_ what: String) -> EventRecord {
        EventRecord(at: Scene.at(1), device: must(DeviceID("gw-1")), rollout: nil, what: what)
    }

    private static func written(in store: any Store) async throws -> [String] {
        try await store.read { store in
            try store.events(of: must(DeviceID("gw-1")), until: Scene.at(9), limit: 999).map(\.what)
        }
    }

    /// Runs the bodies so that they wait for the same group; what each came to.
    private static func together(
        on store: any Store, depth: @escaping () -> Int,
        _ bodies: [@Sendable (any StoreWriter) throws -> Void]
    ) async -> [Result<Void, any Error>] {
        // Whoever waits in line for long is refused, and other tests take their time.
        await withTaskExecutorPreference(OwnThreads()) {
            await togetherNow(on: store, depth: depth, bodies)
        }
    }

    private static func togetherNow(
        on store: any Store, depth: @escaping () -> Int,
        _ bodies: [@Sendable (any StoreWriter) throws -> Void]
    ) async -> [Result<Void, any Error>] {
        let gate = Gate()
        return await withTaskGroup(of: (Int, Result<Void, any Error>).self) { group in
            group.addTask {
                (-1, await Result { try await store.write { _ in gate.hold() } })
            }
            await gate.waitUntilHeld()
            for (number, body) in bodies.enumerated() {
                group.addTask { (number, await Result { try await store.write(body) }) }
                while depth() <= number { await Task.yield() }
            }
            gate.open()
            var results: [Int: Result<Void, any Error>] = [:]
            for await (number, result) in group { results[number] = result }
            return bodies.indices.compactMap { results[$0] }
        }
    }

    @Test(arguments: Engine.allCases)
    func aBodyThatThrowsLeavesNothingAndHarmsNoOther(engine: Engine) async throws {
        let database = try TestDatabase(engine)
        let store = try database.open()
        let results = await Self.together(
            on: store, depth: { store.writesWaiting },
            [
                { try $0.add(Self.event("a")) },
                {
                    try $0.add(Self.event("b"))
                    throw Interrupted()
                },
                {
                    // One that the database refuses.
                    try $0.add(Self.event("c"))
                    try $0.add(Scene.offer("n-1"), values: [:])
                },
                { try $0.add(Self.event("d")) },
            ])
        #expect(results.map(\.isSuccess) == [true, false, false, true])
        #expect(throws: Interrupted.self) { try results[1].get() }
        #expect(throws: StoreError.conflict) { try results[2].get() }
        let written = try await Self.written(in: database.open())
        #expect(written == ["a", "d"])
    }

    /// A trap that makes the commit itself fail: a reference that is checked no earlier.
    private static func trap(_ engine: Engine) -> String {
        let table = """
            CREATE TABLE trap (device TEXT REFERENCES devices (id) DEFERRABLE INITIALLY DEFERRED);
            """
        switch engine {
        case .sqlite:
            return table + """
                CREATE TRIGGER spring AFTER INSERT ON events WHEN NEW.what = 'poison'
                    BEGIN INSERT INTO trap VALUES ('nobody'); END;
                """
        case .postgres:
            return table + """
                CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN INSERT INTO trap VALUES ('nobody'); RETURN NEW; END $$;
                CREATE TRIGGER spring AFTER INSERT ON events FOR EACH ROW
                    WHEN (NEW.what = 'poison') EXECUTE FUNCTION spring();
                """
        }
    }

    @Test(arguments: Engine.allCases)
    func nobodyIsToldThatItIsStoredWhenTheCommitFails(engine: Engine) async throws {
        let database = try TestDatabase(engine)
        let store = try database.open()
        try database.run(Self.trap(engine))
        let results = await Self.together(
            on: store, depth: { store.writesWaiting },
            [
                { try $0.add(Self.event("a")) },
                { try $0.add(Self.event("poison")) },
                { _ in throw Interrupted() },
                { try $0.add(Self.event("b")) },
            ])
        #expect(throws: StoreError.conflict) { try results[1].get() }
        #expect(throws: Interrupted.self) { try results[2].get() }
        // A slow machine may share out the bodies among two commits: whoever was in the one that
        // failed is told so, and nobody else is.
        let told = zip(["a", "poison", "", "b"], results).filter(\.1.isSuccess).map(\.0)
        let written = try await Self.written(in: store)
        #expect(written == told)
        // And it goes on.
        try await store.write { try $0.add(Self.event("c")) }
        let later = try await Self.written(in: database.open())
        #expect(later == told + ["c"])
    }

    @Test(arguments: Engine.allCases)
    func manyWritersAtOnceAllFindTheirWrites(engine: Engine) async throws {
        let store = try TestDatabase(engine).open()
        let names = (0..<500).map { String(format: "%03d", $0) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for name in names {
                group.addTask {
                    try await store.write { try $0.add(Self.event(name)) }
                    return try await Self.written(in: store).contains(name)
                }
            }
            for try await found in group { #expect(found) }
        }
        let written = try await Self.written(in: store)
        #expect(written.sorted() == names)
    }

    /// Neither one that reads for long, nor one that reads a whole fleet.
    @Test(arguments: Engine.allCases, [false, true])
    func aLongReadHoldsNobodyUp(engine: Engine, ofAFleet: Bool) async throws {
        let store = try TestDatabase(engine).open()
        let gates = (0..<(ofAFleet ? 5 : 2)).map { _ in Gate() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for gate in gates {
                group.addTask {
                    if ofAFleet {
                        try await store.readFleet { _ in gate.hold() }
                    } else {
                        try await store.read { _ in gate.hold() }
                    }
                }
            }
            await gates[0].waitUntilHeld()
            try await store.write { try $0.add(Self.event("a")) }
            let written = try await Self.written(in: store)
            #expect(written == ["a"])
            for gate in gates { gate.open() }
            try await group.waitForAll()
        }
    }
}

extension Store {
    fileprivate var writesWaiting: Int {
        switch self {
        case let store as SQLiteStore: store.depth.writes
        case let store as PostgresStore: store.depth.writes
        default: 0
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }

    fileprivate var isSuccess: Bool {
        switch self {
        case .success: true
        case .failure: false
        }
    }
}

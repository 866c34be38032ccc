import Foundation
import Model
import Orchestrator
import Rollouts
import Stores
import TestSupport
import Testing

private typealias Scene = SQLiteStoreTests

/// What there is to PostgreSQL only: several servers on one database, and a database that goes away.
@Suite struct PostgresStoreTests {
    private static let device = must(DeviceID("gw-1"))

    private static func event(_ what: String) -> EventRecord {
        EventRecord(at: Scene.at(1), device: device, rollout: nil, what: what)
    }

    private static func written(in store: any Store) async throws -> [String] {
        try await store.read { store in
            try store.events(of: device, until: Scene.at(9), limit: 999).map(\.what)
        }
    }

    /// P4: what one server counts in a transaction, no other changes before it commits.
    @Test func serversThatCountNeverCountTheSame() async throws {
        let address = try PostgresServer.shared.get().makeDatabase()
        let stores = try (0..<3).map { _ in try PostgresStore(url: address) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<150 {
                group.addTask {
                    try await stores[number % 3].write { store in
                        let count = try store.events(
                            of: Self.device, until: Scene.at(9), limit: 999
                        ).count
                        try store.add(Self.event("\(count)"))
                    }
                }
            }
            try await group.waitForAll()
        }
        let written = try await Self.written(in: stores[0])
        #expect(written == (0..<150).map { "\($0)" })
    }

    /// A database of which the test decides how a statement fails, by the event that is added.
    private static func failing() throws -> PostgresStore {
        let server = try PostgresServer.shared.get()
        let address = try server.makeDatabase()
        let store = try PostgresStore(url: address)
        try server.query(
            address,
            """
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION USING ERRCODE = NEW.what; END $$;
            CREATE TRIGGER fail BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION fail();
            """)
        return store
    }

    @Test(
        arguments: [
            ("40001", .busy), ("40P01", .busy), ("55P03", .busy), ("57014", .busy),
            ("25006", .busy), ("53100", .full), ("23505", .conflict), ("23514", .conflict),
        ] as [(String, StoreError)])
    func tellsErrorsApartByTheirCode(code: String, error: StoreError) async throws {
        let store = try Self.failing()
        await #expect(throws: error) { try await store.write { try $0.add(Self.event(code)) } }
        let written = try await Self.written(in: store)
        #expect(written.isEmpty)
    }

    @Test func anErrorThatNobodyCanWaitOutIsAFailure() async throws {
        let store = try Self.failing()
        do {
            try await store.write { try $0.add(Self.event("22012")) }
            Issue.record("it was stored")
        } catch {
            guard case .failed(let problem) = error as? StoreError else {
                Issue.record(error)
                return
            }
            #expect(problem.contains("22012"))
        }
    }

    /// C would take the text to end there, and the rest would be lost without a word.
    @Test func refusesTextThatPostgresCannotKeep() async throws {
        let store = try TestDatabase(.postgres).open()
        await #expect(throws: StoreError.self) {
            try await store.write { try $0.add(Self.event("a\0b")) }
        }
    }

    /// Whether it was committed nobody knows; it must not be called stored.
    @Test func aConnectionThatIsLostInTheCommitIsNoSuccess() async throws {
        let database = try TestDatabase(.postgres)
        let store = try database.open()
        try database.run(
            """
            CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
            CREATE CONSTRAINT TRIGGER die AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW WHEN (NEW.what = 'last words') EXECUTE FUNCTION die();
            """)
        await #expect(throws: StoreError.busy) {
            try await store.write { try $0.add(Self.event("last words")) }
        }
        // The next one finds another connection.
        try await store.write { try $0.add(Self.event("a")) }
        let written = try await Self.written(in: store)
        #expect(written == ["a"])
    }

    @Test func whatWasAcknowledgedOutlivesACrashAndTheStoreGoesOn() async throws {
        let server = try PostgresServer(isDurable: true)
        let store = try PostgresStore(url: server.makeDatabase())
        try await store.write { try $0.add(Self.event("a")) }
        // Readers have connections, too.
        let before = try await Self.written(in: store)
        #expect(before == ["a"])

        try server.crash()
        await #expect(throws: StoreError.busy) {
            try await store.write { try $0.add(Self.event("b")) }
        }
        await #expect(throws: StoreError.busy) { _ = try await Self.written(in: store) }

        try server.start()
        while true {
            do {
                try await store.write { try $0.add(Self.event("c")) }
                break
            } catch StoreError.busy { await Task.yield() }
        }
        let after = try await Self.written(in: store)
        #expect(after == ["a", "c"])
    }

    @Test func saysWhyItCannotConnect() throws {
        do {
            _ = try PostgresStore(url: "postgres://u:hush@127.0.0.1:1/none?connect_timeout=1")
            Issue.record("nobody listens there")
        } catch {
            guard case .failed(let problem) = error else {
                Issue.record(error)
                return
            }
            #expect(problem.contains("127.0.0.1"))
            #expect(!problem.contains("hush"))
        }
    }

    @Test func refusesAndKeepsTheDatabaseOfAnotherProgram() throws {
        let database = try TestDatabase(.postgres)
        try database.run("CREATE TABLE recipes (name TEXT)")
        #expect(throws: StoreError.self) { try database.open() }
        let server = try PostgresServer.shared.get()
        let tables = try server.query(
            database.place,
            "SELECT table_name FROM information_schema.tables"
                + " WHERE table_schema = 'public'")
        #expect(tables == "recipes")
    }
}

import Foundation
import Model
import Orchestrator
import Rollouts
import Stores
import TestSupport
import Testing

/// What there is to SQLite only: a file, which may be of somebody else.
@Suite struct SQLiteStoreTests {
    static func path() -> String {
        FileManager.default.temporaryDirectory.appending(path: "\(UUID()).sqlite").path
    }

    static func device(_ name: String = "gw-1") -> DeviceRecord {
        DeviceRecord(
            id: must(DeviceID(name)), hardware: must(HardwareModel("gw-2")),
            publicKey: must(Ed25519PublicKey(bytes: Array(repeating: 9, count: 32))), sequence: 7,
            lifecycle: .active, slot: must(SlotName("b")), bootID: must(BootID("boot-1")),
            release: ReleaseID("acme 2.0.0-rc.1+b5"),
            image: Digest(bytes: Array(repeating: 1, count: 32)), isConfirmed: true,
            phaseJSON: Array(#"{"state":"idle"}"#.utf8),
            lastFailure: Failure(.health, "no 'modem' \"today\"; DROP TABLE devices"),
            reportedAttributes: (try? Attributes(["site": "zürich", "tags": "lab,x"])) ?? .none,
            lastSeen: at(100), enrolled: at(50))
    }

    static func at(_ seconds: Int64) -> Instant { Instant(secondsSinceEpoch: seconds) }

    static func rollout(_ state: RolloutState = .draft) -> RolloutRecord {
        RolloutRecord(
            name: must(RolloutName("r")), fileJSON: Array("{}".utf8),
            planDigest: must(Digest(bytes: Array(repeating: 2, count: 32))),
            listed: [[must(DeviceID("gw-1")), must(DeviceID("gw-2"))], []], deviceCounts: [2, 9],
            hardware: [must(HardwareModel("gw-2")), must(HardwareModel("gw-3"))],
            scope: AttributionScope(attributes: ["board", "site"], pairCount: 9), created: at(1),
            author: must(OperatorName("ada")), priority: .emergency, state: state, revision: 1)
    }

    static func offer(
        _ nonce: String, device: String = "gw-1", expires: Int64 = 500
    ) -> OfferRecord {
        OfferRecord(
            nonce: must(Nonce(nonce)), device: must(DeviceID(device)),
            rollout: must(RolloutName("r")), wave: 1,
            release: must(ReleaseID("acme 2.0.0")),
            image: must(
                ImageReference(
                    path: must(TargetPath("acme/2.0.0/x.img")),
                    sha256: must(Digest(bytes: Array(repeating: 3, count: 32))),
                    length: 5_000_000_000)),
            bootID: must(BootID("boot-0")), issued: at(10), expires: at(expires), outcome: .open)
    }

    // MARK: Files that are not ours

    @Test func refusesAFileThatIsNoDatabase() throws {
        let path = Self.path()
        let text = Data(String(repeating: "not a database ", count: 400).utf8)
        try text.write(to: URL(filePath: path))

        #expect(throws: StoreError.self) { try SQLiteStore(path: path) }
        #expect(try Data(contentsOf: URL(filePath: path)) == text)
    }

    @Test func refusesAndKeepsTheDatabaseOfAnotherProgram() throws {
        let path = Self.path()
        try Self.sqlite(path, "CREATE TABLE recipes (name TEXT); PRAGMA user_version = 3;")
        let before = try Data(contentsOf: URL(filePath: path))

        do {
            _ = try SQLiteStore(path: path)
            Issue.record("somebody else's database was taken")
        } catch {
            guard case .foreign(let problem) = error else {
                Issue.record(error)
                return
            }
            #expect(problem.contains("another program"))
        }
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
    }

    @Test func refusesASchemaFromTheFuture() async throws {
        let path = Self.path()
        do { _ = try SQLiteStore(path: path) }
        try Self.sqlite(path, "PRAGMA user_version = 99;")

        do {
            _ = try SQLiteStore(path: path)
            Issue.record("a newer schema was taken")
        } catch {
            guard case .foreign(let problem) = error else {
                Issue.record(error)
                return
            }
            #expect(problem.contains("newer"))
        }
    }

    /// A server that is updated in the middle of a rollout goes on with it.
    @Test func goesOnWithADatabaseOfTheFirstVersion() async throws {
        let path = Self.path()
        let fixture = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "version1.sql")
        try Self.sqlite(path, String(contentsOf: fixture, encoding: .utf8))

        let store = try SQLiteStore(path: path)
        let name = must(RolloutName("r"))
        let rollout = try #require(try await store.read { try $0.rollout(name) })
        #expect(rollout.author.text == "operator")
        #expect(rollout.scope == .nothing)
        let device = must(DeviceID("gw-1"))
        let open = try #require(try await store.read { try $0.openOffer(of: device) })
        #expect(try await store.read { try $0.leaseHolders("site", "berlin") } == [device])
        let approval = ApprovalRecord(
            rollout: name, wave: 0, since: Self.at(60), by: must(OperatorName("ada")),
            at: Self.at(80))
        try await store.write { store in
            var offer = open
            offer.outcome = .proven
            offer.decided = Self.at(90)
            try store.update(offer)
            try store.add(approval)
            try store.add(approval)
        }
        let attempt = try #require(
            try await store.read { try $0.attemptRecord(of: device, in: name) })
        #expect(attempt.standing == .open && attempt.tries == 1)
        let facts = try await store.read { store in
            try store.history(at: Self.at(9999), askedBy: device).facts(of: device)
        }
        #expect(facts?.attributes["site"] == "berlin")
        #expect(try await store.read { try $0.cohorts() } == [])
        #expect(try await store.read { try $0.leaseHolders("site", "berlin") } == [])
        #expect(try await store.read { try $0.approvals(of: name) } == [approval])
    }

    struct CommandFailed: Error {}

    /// Debian's sqlite3, another program on the same file.
    static func sqlite(_ path: String, _ statements: String) throws {
        let process = ChildProcess()
        process.executableURL = URL(filePath: "/usr/bin/sqlite3")
        process.arguments = [path, statements]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CommandFailed() }
    }
}

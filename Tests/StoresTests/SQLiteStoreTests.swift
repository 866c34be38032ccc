import Foundation
import Model
import Orchestrator
import Rollouts
import Stores
import Testing

/// What the orchestrator relies on in its store, on a real file.
@Suite struct SQLiteStoreTests {
    private static func path() -> String {
        FileManager.default.temporaryDirectory.appending(path: "\(UUID()).sqlite").path
    }

    private static func device(_ name: String = "gw-1") -> DeviceRecord {
        DeviceRecord(
            id: must(DeviceID(name)), hardware: must(HardwareModel("gw-2")),
            publicKey: must(Ed25519PublicKey(bytes: Array(repeating: 9, count: 32))), sequence: 7,
            lifecycle: .active, slot: must(SlotName("b")), bootID: must(BootID("boot-1")),
            release: ReleaseID("acme 2.0.0-rc.1+b5"),
            image: Digest(bytes: Array(repeating: 1, count: 32)), isConfirmed: true,
            phaseJSON: Array(#"{"state":"idle"}"#.utf8),
            lastFailure: Failure(.health, "no 'modem' \"today\"; DROP TABLE devices"),
            attributes: (try? Attributes(["site": "zürich", "tags": "lab,x"])) ?? .none,
            lastSeen: at(100), enrolled: at(50))
    }

    private static func at(_ seconds: Int64) -> Instant { Instant(secondsSinceEpoch: seconds) }

    private static func rollout(_ state: RolloutState = .draft) -> RolloutRecord {
        RolloutRecord(
            name: must(RolloutName("r")), fileJSON: Array("{}".utf8),
            planDigest: must(Digest(bytes: Array(repeating: 2, count: 32))),
            listed: [[must(DeviceID("gw-1")), must(DeviceID("gw-2"))], []], deviceCounts: [2, 9],
            hardware: [must(HardwareModel("gw-2")), must(HardwareModel("gw-3"))],
            scope: AttributionScope(attributes: ["board", "site"], pairCount: 9), created: at(1),
            author: must(OperatorName("ada")), state: state, revision: 1)
    }

    private static func offer(
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

    @Test func keepsDevicesAcrossARestart() async throws {
        let path = Self.path()
        let device = Self.device()
        try await SQLiteStore(path: path).write { try $0.save(device) }

        let found = try await SQLiteStore(path: path).read { store in
            (try store.device(device.id), try store.devices())
        }

        #expect(found.0 == device)
        #expect(found.1 == [device])
    }

    @Test func replacesADeviceAndItsAttributes() async throws {
        let store = try SQLiteStore(path: Self.path())
        var device = Self.device()
        let old = device
        try await store.write { try $0.save(old) }
        device.attributes = try Attributes(["site": "lyon"])
        device.lastFailure = nil
        device.release = nil
        device.image = nil
        device.sequence = 8
        let new = device
        try await store.write { try $0.save(new) }

        #expect(try await store.read { try $0.device(new.id) } == new)
    }

    static let states: [RolloutState] = [
        .draft,
        .running(
            wave: 1, since: at(5), started: at(2), forgiven: .init(proven: 3, failed: 4)),
        .paused(wave: 0, .operatorRequest, started: at(2), forgiven: .nothing),
        .paused(
            wave: 1, .failureLimit(failures: 2, decided: 9), started: at(2), forgiven: .nothing),
        .paused(
            wave: 1, .outsideCheck(name: must(CheckName("qa")), detail: "it's \"bad\"; DROP"),
            started: at(2), forgiven: .nothing),
        .completed(at: at(9)), .aborted(.operatorRequest), .aborted(.expired),
    ]

    @Test(arguments: states)
    func keepsEveryStateOfARollout(state: RolloutState) async throws {
        let path = Self.path()
        let record = Self.rollout()
        var changed = record
        changed.state = state
        let new = changed
        let store = try SQLiteStore(path: path)
        try await store.write { try $0.add(record) }
        try await store.write { try $0.update(new) }

        let found = try await SQLiteStore(path: path).read { try $0.rollout(record.name) }
        #expect(found?.state == state)
        #expect(found?.revision == 2)
        #expect(found?.listed == record.listed)
        #expect(found?.deviceCounts == record.deviceCounts)
        #expect(found?.hardware == record.hardware)
    }

    @Test func letsOnlyOneOfTwoChangesWin() async throws {
        let store = try SQLiteStore(path: Self.path())
        let record = Self.rollout()
        try await store.write { try $0.add(record) }
        try await store.write { try $0.update(record) }

        await #expect(throws: StoreError.conflict) {
            try await store.write { try $0.update(record) }
        }
    }

    @Test func holdsOneOpenOfferForEachDevice() async throws {
        let store = try SQLiteStore(path: Self.path())
        try await store.write { store in
            try store.save(Self.device())
            try store.add(Self.rollout())
            try store.add(Self.offer("n1"), values: [:])
        }

        await #expect(throws: StoreError.conflict) {
            try await store.write { try $0.add(Self.offer("n2"), values: [:]) }
        }
        let open = try await store.read { try $0.openOffer(of: must(DeviceID("gw-1"))) }
        #expect(open == Self.offer("n1"))
    }

    @Test func countsOffersByOutcome() async throws {
        let store = try SQLiteStore(path: Self.path())
        let outcomes: [OfferRecord.Outcome] = [
            .proven, .failed(Failure(.boot, "gone")), .cancelled, .open,
        ]
        try await store.write { store in
            try store.save(Self.device())
            try store.add(Self.rollout())
            for (number, outcome) in outcomes.enumerated() {
                var offer = Self.offer("n\(number)", expires: Int64(100 + number))
                try store.add(offer, values: [:])
                offer.outcome = outcome
                try store.update(offer)
            }
        }

        let name = must(RolloutName("r"))
        let device = must(DeviceID("gw-1"))
        let found = try await store.read { store in
            (
                try store.tallies(of: name), try store.openOfferCount(in: name),
                try store.attempt(of: device, in: name)?.nonce,
                try store.attempts(in: name).map(\.nonce), try store.expiredOffers(at: Self.at(103))
            )
        }
        #expect(found.0 == [WaveTally(wave: 1, open: 1, proven: 1, failed: 1)])
        #expect(found.1 == 1)
        #expect(found.2 == Nonce("n3"))
        #expect(found.3 == [must(Nonce("n3"))])
        #expect(found.4.map(\.nonce) == [must(Nonce("n3"))])
        #expect(try await store.read { try $0.expiredOffers(at: Self.at(102)) }.isEmpty)
    }

    @Test func aWriteThatThrowsLeavesNothing() async throws {
        struct Interrupted: Error {}
        let store = try SQLiteStore(path: Self.path())
        await #expect(throws: Interrupted.self) {
            try await store.write { store in
                try store.save(Self.device())
                throw Interrupted()
            }
        }
        #expect(try await store.read { try $0.devices() }.isEmpty)
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
            try store.update(offer)
            try store.add(approval)
            try store.add(approval)
        }
        #expect(try await store.read { try $0.leaseHolders("site", "berlin") } == [])
        #expect(try await store.read { try $0.approvals(of: name) } == [approval])
    }

    @Test func theLogCannotBeRewritten() async throws {
        let path = Self.path()
        let store = try SQLiteStore(path: path)
        try await store.write { store in
            try store.add(EventRecord(at: Self.at(1), device: nil, rollout: nil, what: "began"))
        }
        #expect(throws: CommandFailed.self) { try Self.sqlite(path, "DELETE FROM events;") }
        #expect(throws: CommandFailed.self) {
            try Self.sqlite(path, "UPDATE events SET what = 'nothing';")
        }
    }

    struct CommandFailed: Error {}

    /// Debian's sqlite3, another program on the same file.
    private static func sqlite(_ path: String, _ statements: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/sqlite3")
        process.arguments = [path, statements]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CommandFailed() }
    }
}

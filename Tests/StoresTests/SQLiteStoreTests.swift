import Foundation
import Model
import Orchestrator
import Rollouts
import Stores
import TestSupport
import Testing

/// What the orchestrator relies on in its store, on a real file.
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
        try await SQLiteStore(path: path).write { try $0.save(device, at: device.lastSeen) }

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
        try await store.write { try $0.save(old, at: old.lastSeen) }
        device.reportedAttributes = try Attributes(["site": "lyon"])
        device.lastFailure = nil
        device.release = nil
        device.image = nil
        device.sequence = 8
        let new = device
        try await store.write { try $0.save(new, at: new.lastSeen) }

        #expect(try await store.read { try $0.device(new.id) } == new)
    }

    static let states: [RolloutState] = [
        .draft,
        .running(wave: 1, since: at(5), started: at(2)),
        .paused(wave: 0, .operatorRequest, started: at(2)),
        .paused(wave: 1, .failureLimit(failures: 2, decided: 9), started: at(2)),
        .paused(wave: 1, .classLimit(.download, failures: 3, decided: 8), started: at(2)),
        .paused(
            wave: 1, .outsideCheck(name: must(CheckName("qa")), detail: "it's \"bad\"; DROP"),
            started: at(2)),
        .completed(at: at(9)), .reverting(by: must(RolloutName("r-revert"))),
        .aborted(.operatorRequest), .aborted(.expired), .aborted(.releaseWithdrawn),
        .aborted(.superseded(by: must(RolloutName("s")))),
        .aborted(.reverted(by: must(RolloutName("r-revert")))),
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
        try await store.write { try $0.update(new, at: Self.at(20)) }

        let found = try await SQLiteStore(path: path).read { try $0.rollout(record.name) }
        #expect(found?.state == state)
        #expect(found?.revision == 2)
        #expect(found?.listed == record.listed)
        #expect(found?.deviceCounts == record.deviceCounts)
        #expect(found?.hardware == record.hardware)
        #expect(found?.priority == .emergency)
        // It is remembered when it changed.
        let past = try await store.read { store in
            try [19, 20].map {
                try store.history(at: Self.at($0), askedBy: must(DeviceID("gw-1"))).rollouts()
                    .map(\.state)
            }
        }
        #expect(past == [[.draft], [state]])
    }

    @Test func letsOnlyOneOfTwoChangesWin() async throws {
        let store = try SQLiteStore(path: Self.path())
        let record = Self.rollout()
        try await store.write { try $0.add(record) }
        try await store.write { try $0.update(record, at: Self.at(20)) }

        await #expect(throws: StoreError.conflict) {
            try await store.write { try $0.update(record, at: Self.at(20)) }
        }
    }

    @Test func holdsOneOpenOfferForEachDevice() async throws {
        let store = try SQLiteStore(path: Self.path())
        try await store.write { store in
            try store.save(Self.device(), at: Self.at(100))
            try store.add(Self.rollout())
            try store.add(Self.offer("n1"), values: [:])
        }

        await #expect(throws: StoreError.conflict) {
            try await store.write { try $0.add(Self.offer("n2"), values: [:]) }
        }
        let open = try await store.read { try $0.openOffer(of: must(DeviceID("gw-1"))) }
        #expect(open == Self.offer("n1"))
    }

    @Test func keepsOffersByOutcome() async throws {
        let store = try SQLiteStore(path: Self.path())
        let outcomes: [OfferRecord.Outcome] = [
            .proven, .failed(Failure(.boot, "gone")), .cancelled, .open,
        ]
        try await store.write { store in
            try store.save(Self.device(), at: Self.at(100))
            try store.add(Self.rollout())
            for (number, outcome) in outcomes.enumerated() {
                var offer = Self.offer("n\(number)", expires: Int64(100 + number))
                try store.add(offer, values: [:])
                offer.outcome = outcome
                offer.decided = outcome == .open ? nil : Self.at(60)
                try store.update(offer)
            }
        }

        let name = must(RolloutName("r"))
        let found = try await store.read { store in
            (
                try store.openOfferCount(in: name), try store.openOffers().map(\.nonce),
                try store.expiredOffers(at: Self.at(103))
            )
        }
        #expect(found.0 == 1)
        #expect(found.1 == [must(Nonce("n3"))])
        #expect(found.2.map(\.nonce) == [must(Nonce("n3"))])
        #expect(try await store.read { try $0.expiredOffers(at: Self.at(102)) }.isEmpty)
        // At second 50 the first three were open still; the numbers are of one device, which no
        // real fleet has.
        let past = try await store.read { store in
            try store.history(at: Self.at(50), askedBy: must(DeviceID("x")))
                .openOfferCount(in: name)
        }
        #expect(past == 4)
    }

    @Test func remembersDevicesAsTheyWere() async throws {
        let store = try SQLiteStore(path: Self.path())
        let id = must(DeviceID("gw-1"))
        let facts = try await store.write { store in
            var device = Self.device()
            try store.save(device, at: Self.at(100))
            device.reportedAttributes = try Attributes(["site": "lyon"])
            device.heldReason = "lab"
            device.pin = ReleaseID("acme 1.0")
            try store.save(device, at: Self.at(200))
            device.sequence += 1
            try store.save(device, at: Self.at(300))
            return try [99, 100, 199, 200, 999].map {
                try store.history(at: Self.at($0), askedBy: id).facts(of: id)
            }
        }
        #expect(facts[0] == nil)
        #expect(facts[1]?.attributes["site"] == "zürich" && facts[1]?.standing == .active)
        #expect(facts[2]?.attributes == facts[1]?.attributes)
        #expect(facts[3]?.attributes["site"] == "lyon" && facts[3]?.standing == .held("lab"))
        #expect(facts[3]?.pin == ReleaseID("acme 1.0") && facts[3]?.lastSeen == Self.at(200))
        #expect(facts[4]?.standing == .held("lab"))
    }

    @Test func keepsPlansThatWereShown() async throws {
        let path = Self.path()
        let plan = PlanRecord(
            digest: must(Digest(bytes: Array(repeating: 7, count: 32))), at: Self.at(5),
            rollout: must(RolloutName("r")), fileJSON: Array("{}".utf8),
            listed: [[must(DeviceID("gw-1")), must(DeviceID("gw-2"))], []],
            deviceCounts: [2, 9],
            images: [
                must(HardwareModel("gw-2")): must(Digest(bytes: Array(repeating: 3, count: 32)))
            ],
            scope: AttributionScope(attributes: ["board", "site"], pairCount: 9),
            superseded: [must(RolloutName("q"))])
        try await SQLiteStore(path: path).write { store in
            try store.add(plan)
            try store.add(plan)
        }
        #expect(try await SQLiteStore(path: path).read { try $0.plan(plan.digest) } == plan)
    }

    @Test func aWriteThatThrowsLeavesNothing() async throws {
        struct Interrupted: Error {}
        let store = try SQLiteStore(path: Self.path())
        await #expect(throws: Interrupted.self) {
            try await store.write { store in
                try store.save(Self.device(), at: Self.at(100))
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
        try await store.write { try $0.save(Self.device(), at: Self.at(1)) }
        #expect(throws: CommandFailed.self) { try Self.sqlite(path, "DELETE FROM device_history;") }
    }

    @Test func cohortsAreOnlyAdded() async throws {
        let path = Self.path()
        let store = try SQLiteStore(path: path)
        func cohort(_ name: String, _ number: Int) -> CohortRecord {
            CohortRecord(
                version: must(CohortVersion(name: must(CohortName(name)), number: number)),
                selector: "x == \"\u{e4}\"", expanded: "(all)",
                author: must(OperatorName("ada")), at: Self.at(Int64(number)))
        }
        let all = [cohort("b", 1), cohort("b", 2), cohort("a", 1), cohort("b", 10)]
        try await store.write { store in for cohort in all { try store.add(cohort) } }
        await #expect(throws: StoreError.conflict) {
            try await store.write { try $0.add(all[1]) }
        }
        #expect(throws: CommandFailed.self) { try Self.sqlite(path, "DELETE FROM cohorts;") }
        #expect(throws: CommandFailed.self) {
            try Self.sqlite(path, "UPDATE cohorts SET expanded = 'all';")
        }

        let name = must(CohortName("b"))
        let found = try await SQLiteStore(path: path).read { store in
            (
                try store.cohorts(), try store.versions(of: name),
                try store.cohort(all[1].version), try store.newestVersion(of: name),
                try store.newestVersion(of: must(CohortName("c")))
            )
        }
        #expect(found.0 == [all[2], all[3]])
        #expect(found.1 == [all[3], all[1], all[0]])
        #expect(found.2 == all[1])
        #expect(found.3 == all[3])
        #expect(found.4 == nil)
    }

    struct CommandFailed: Error {}

    /// Debian's sqlite3, another program on the same file.
    static func sqlite(_ path: String, _ statements: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/sqlite3")
        process.arguments = [path, statements]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CommandFailed() }
    }
}

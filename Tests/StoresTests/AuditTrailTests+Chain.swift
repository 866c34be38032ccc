import Audit
import Foundation
import Model
import OpenSSL
import Orchestrator
import Stores
import TestSupport
import Testing
import Trust
import Wire

/// All transactions write one chain, and what other hands do to it is found.
extension AuditTrailTests {
    // MARK: One transaction, one chain

    @Test(arguments: Engine.allCases)
    func aChangeThatFailsLeavesNoRow(engine: Engine) async throws {
        struct Interrupted: Error {}
        let store = try await Self.store(engine)
        let before = try await store.read { try $0.auditHead() }
        await #expect(throws: Interrupted.self) {
            try await store.write(with: Self.pen()) { store in
                try store.save(SQLiteStoreTests.device("gw-9"), at: Self.at(1))
                #expect(try store.auditHead().number == before.number + 1)
                throw Interrupted()
            }
        }
        #expect(try await store.read { try $0.auditHead() } == before)
        // The chain goes on where it was.
        try await store.write { try $0.save(SQLiteStoreTests.device("gw-9"), at: Self.at(1)) }
        try await Self.expectWhole(store)
    }

    @Test(arguments: Engine.allCases)
    func twoProcessesWriteOneChain(engine: Engine) async throws {
        let database = try TestDatabase(engine)
        let stores = try [database.open(), database.open()]
        for number in 0..<10 {
            try await stores[number % 2].write { store in
                try store.save(SQLiteStoreTests.device("a-\(number)"), at: Self.at(1))
                try store.save(SQLiteStoreTests.device("b-\(number)"), at: Self.at(1))
            }
        }
        let rows = try await Self.expectWhole(stores[0])
        #expect(rows == 20)
    }

    @discardableResult
    static func expectWhole(_ store: any Store) async throws -> Int64 {
        let rows = try await store.read { try $0.auditRows(.all, after: 0, limit: 10_000) }
        var verifier = try AuditVerifier(
            trusting: .nobody, kept: [], cryptography: cryptography)
        for row in rows { try verifier.take(row) }
        return try verifier.finish().rows
    }

    // MARK: Questions

    @Test(arguments: Engine.allCases)
    func rowsAreFoundByWhatTheyConcernAndWhoCausedThem(engine: Engine) async throws {
        let store = try await Self.store(engine)
        let other = AuditActor.device(Self.device)
        try await store.write(with: Self.pen(other)) { try $0.add(Self.offer(), values: [:]) }
        try await store.write(with: Self.pen()) { try $0.save(Self.image) }
        func actions(
            _ subject: AuditSubject? = nil, by actor: AuditActor? = nil
        ) async throws -> [String] {
            let query = AuditQuery(subject: subject, actor: actor)
            return try await store.read { store in
                let rows = try store.auditRows(query, after: 0, limit: 100)
                #expect(try store.newestAuditRows(query, limit: 100) == rows)
                #expect(
                    try store.newestAuditRows(query, limit: 1) == Array(rows.suffix(1)))
                return rows.map(\.action)
            }
        }
        #expect(try await actions(AuditSubject(.device, "gw-1")) == ["device-added", "offer-made"])
        #expect(try await actions(AuditSubject(.device, "gw-2")) == [])
        let rollout = AuditSubject(.rollout, "r")
        #expect(try await actions(rollout) == ["rollout-started", "offer-made"])
        #expect(try await actions(AuditSubject(.offer, "n1")) == ["offer-made"])
        let image = AuditSubject(.image, "acme/2.0.0/x.img")
        #expect(try await actions(image) == ["image-added"])
        #expect(try await actions(by: Self.ada) == ["image-added"])
        #expect(try await actions(by: other) == ["offer-made"])
        #expect(try await actions(AuditSubject(.device, "gw-1"), by: Self.ada) == [])
    }

    // MARK: Other hands

    @Test func noOtherProgramChangesTheLogUnnoticed() async throws {
        let path = SQLiteStoreTests.path()
        let store = try SQLiteStore(path: path)
        try await store.write { store in
            for number in 1...5 {
                try store.save(SQLiteStoreTests.device("gw-\(number)"), at: Self.at(1))
            }
        }
        let checkpoint = try SignedCheckpoint(
            AuditCheckpoint(
                try await store.read { try $0.auditHead() }, previous: 0, at: Self.at(1),
                repository: OpenSSLHashing().sha256([])),
            signer: try Ed25519PrivateKey(seed: Array(repeating: 1, count: 32)),
            hashing: OpenSSLHashing())
        try await store.write { try $0.add(checkpoint) }
        let sqlite = SQLiteStoreTests.sqlite
        for statement in [
            "UPDATE audit SET actor = 'server' WHERE number = 3;", "DELETE FROM audit;",
            "DELETE FROM audit WHERE number = 5;", "DELETE FROM audit_checkpoints;",
            "UPDATE audit_checkpoints SET signed_json = '{}';",
        ] {
            #expect(throws: SQLiteStoreTests.CommandFailed.self, "\(statement)") {
                try sqlite(path, statement)
            }
        }
        try await Self.expectWhole(store)
        try sqlite(
            path, "DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_removed;")
        let changes: [(String, AuditFinding)] = [
            ("UPDATE audit SET at_s = 2 WHERE number = 3", .changed(row: 3)),
            ("UPDATE audit SET after_json = after_json || ' ' WHERE number = 2", .changed(row: 2)),
            ("UPDATE audit SET actor = 'operator:bob' WHERE number = 1", .changed(row: 1)),
            ("DELETE FROM audit WHERE number = 4", .missing(row: 4, found: 5)),
        ]
        for (statement, expected) in changes {
            let copy = SQLiteStoreTests.path()
            try sqlite(path, "VACUUM INTO '\(copy)';")
            try sqlite(copy, "\(statement);")
            do {
                try await Self.expectWhole(SQLiteStore(path: copy))
                Issue.record("\(statement) was not found")
            } catch { #expect(error as? AuditFinding == expected, "\(statement)") }
        }
    }

    @Test func aRowThatCannotBeReadIsNamed() async throws {
        let path = SQLiteStoreTests.path()
        try await SQLiteStore(path: path).write { store in
            try store.save(SQLiteStoreTests.device(), at: Self.at(1))
        }
        try SQLiteStoreTests.sqlite(
            path, "DROP TRIGGER audit_is_not_changed; UPDATE audit SET device = 'no name';")
        let store = try SQLiteStore(path: path)
        do {
            _ = try await store.read { try $0.auditRows(.all, after: 0, limit: 9) }
            Issue.record("it was read")
        } catch { #expect("\(error)".contains("row 1 of the log of changes is damaged")) }
    }
}

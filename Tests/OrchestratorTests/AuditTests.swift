import Audit
import Foundation
import JSON
import Model
import OpenSSL
import Orchestrator
import Stores
import TestSupport
import Testing
import Trust
import Wire

/// Who did what when, and who vouches for it.
@Suite struct AuditTests {
    private static let bob = must(OperatorName("bob"))

    private static func rows(
        _ orchestrator: Orchestrator, _ query: AuditQuery = .all
    ) async throws -> [AuditRow] {
        try await orchestrator.auditPage(query, after: 0, limit: 500).rows
    }

    private static func scene() async throws -> (World, Orchestrator, [TestDevice]) {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        return (world, orchestrator, try await [TestDevice].enrolled(2, orchestrator))
    }

    @Test func namesWhoCausedEachChange() async throws {
        var (world, orchestrator, devices) = try await Self.scene()
        let waves = [
            RolloutFile.Wave(name: "one", percent: "99", approval: "required"),
            RolloutFile.Wave(name: "two", percent: "100"),
        ]
        try await orchestrator.start(.simple("r", waves: waves))
        _ = try await orchestrator.approve(must(RolloutName("r")), by: Self.bob)
        try await devices.prove(0, orchestrator)
        _ = try await devices[1].checkIn(orchestrator)
        _ = try await orchestrator.change(
            devices[1].id, .hold(reason: "lab"), by: Self.bob)
        var thief = TestDevice(id: devices[1].id, key: Keys.key(99), boot: devices[1].boot)
        await #expect(throws: Refusal.self) { _ = try await thief.checkIn(orchestrator) }
        world.clock.advance(seconds: 100)
        try await orchestrator.step()

        let told = try await Self.rows(orchestrator).map { "\($0.actor) \($0.action)" }
        let device = "device:device-0"
        #expect(
            told == [
                "server log-started", "operator:ada image-added",
                "device:device-0 device-added", "device:device-1 device-added",
                "operator:ada rollout-started", "operator:bob wave-approved",
                "\(device) offer-made", "\(device) device-changed", "\(device) offer-decided",
                "device:device-1 offer-made",
                "operator:bob device-changed", "stranger device-changed",
                "server offer-decided", "server device-changed",
            ])
        let byBob = AuditQuery(actor: .operator(Self.bob))
        #expect(
            try await Self.rows(orchestrator, byBob).map(\.action)
                == ["wave-approved", "device-changed"])
    }

    @Test func whoIsRefusedLeavesNoRow() async throws {
        let (_, orchestrator, devices) = try await Self.scene()
        let before = try await Self.rows(orchestrator)
        await #expect(throws: Refusal.self) {
            _ = try await orchestrator.change(
                devices[0].id, .acceptKey(Keys.key(9).ed25519PublicKey), by: Self.bob)
        }
        await #expect(throws: Refusal.self) {
            _ = try await orchestrator.start(
                StartRequest(
                    file: .simple("r"), digest: OpenSSLHashing().sha256([1])), by: Self.bob)
        }
        _ = try await orchestrator.plan(.simple("r"))
        try await orchestrator.beat()
        try await orchestrator.step()
        #expect(try await Self.rows(orchestrator) == before)
    }

    @Test func leasesThatASilentServerExtendsAreTold() async throws {
        var (world, orchestrator, devices) = try await Self.scene()
        try await orchestrator.start(.simple("r", gate: .init(overdueAfter: "1h")))
        let taken = try await devices[0].checkIn(orchestrator)
        #expect(taken.offer != nil)
        try await orchestrator.beat()
        world.clock.advance(seconds: 3000)
        try await orchestrator.excuseAbsence()
        let rows = try await Self.rows(orchestrator)
        let row = try #require(rows.last { $0.action == "leases-extended" })
        #expect(row.actor == "server")
        #expect(row.after == ["by_s": 3000, "count": 1])
    }

    /// What most check-ins are costs nothing more: where the log cannot even be found, they go on.
    @Test func anIdleCheckInDoesNotTouchTheLog() async throws {
        var (world, orchestrator, devices) = try await Self.scene()
        try Self.sqlite(world, "ALTER TABLE audit RENAME TO hidden")
        let idle = try await devices[0].checkIn(orchestrator)
        #expect(idle.order == nil)
        devices[0].attributes = try Attributes(["site": "kiel"])
        let message = try devices[0].message()
        await #expect(throws: Refusal.self) { _ = try await orchestrator.checkIn(message.bytes) }
        // And nothing changes unlogged.
        let known = try await orchestrator.device(devices[0].id)
        #expect(known.attributes["site"] == nil)
    }

    private static func sqlite(_ world: World, _ statements: String) throws {
        let process = ChildProcess()
        process.executableURL = URL(filePath: "/usr/bin/sqlite3")
        process.arguments = [world.databasePath, statements]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    // MARK: Beginnings

    /// A database of an earlier version has no log: what was there when it began is its first row.
    @Test func anEarlierDatabaseBeginsItsLogWithWhatIsThere() async throws {
        let world = try World()
        let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "StoresTests")
        for name in ["version1.sql", "version2.sql"] {
            try Self.sqlite(world, ".read '\(fixtures.appending(path: name).path)'")
        }
        let orchestrator = try await world.orchestrator()
        let rows = try await Self.rows(orchestrator)
        #expect(rows.first?.action == "log-started" && rows.first?.actor == "server")
        guard case .object(let counts) = rows.first?.after else {
            Issue.record("\(rows)")
            return
        }
        let devices = try await orchestrator.devices().items.count
        #expect(devices > 0 && counts["devices"] == .integer(Int64(devices)))
        #expect(counts["rollouts"] != 0 && counts["offers"] != 0)
        // Another start goes on with it.
        let again = try await world.orchestrator()
        #expect(try await Self.rows(again) == rows)
        let checkpoint = try await again.signAudit()
        #expect(checkpoint.unverified.number == Int64(rows.count))
    }

    // MARK: Checkpoints

    @Test func theLogIsSignedWhenItIsTime() async throws {
        let (world, orchestrator, devices) = try await Self.scene()
        await #expect(throws: Refusal.unknown("the log has no checkpoint yet")) {
            _ = try await orchestrator.auditCheckpoint()
        }
        func newest() async throws -> Int64 {
            try await orchestrator.signAuditWhenDue()
            return try await orchestrator.auditCheckpoint().unverified.number
        }
        // The first at once, and then after an hour, if there is something new.
        let first = try await newest()
        #expect(first == Int64(try await Self.rows(orchestrator).count))
        world.clock.advance(seconds: 3600)
        #expect(try await newest() == first)
        _ = try await orchestrator.change(devices[0].id, .hold(reason: "a"), by: Self.bob)
        #expect(try await newest() == first + 1)
        _ = try await orchestrator.change(devices[0].id, .resume, by: Self.bob)
        world.clock.advance(seconds: 3599)
        #expect(try await newest() == first + 1)
        // A clock that was set back does not put it off.
        world.clock.advance(seconds: -9000)
        #expect(try await newest() == first + 2)
        // After a thousand rows there is no waiting.
        for number in 0..<1000 {
            _ = try await orchestrator.change(
                devices[0].id, .hold(reason: "\(number)"), by: Self.bob)
        }
        #expect(try await newest() == first + 1002)
        // Whoever asks for it gets it now.
        _ = try await orchestrator.change(devices[0].id, .resume, by: Self.bob)
        let asked = try await orchestrator.signAudit().unverified
        #expect(asked.number == first + 1003 && asked.previous == first + 1002)
    }

    @Test func aLogOfManyPagesIsWhole() async throws {
        let (world, orchestrator, devices) = try await Self.scene()
        // Its folder is needed to the end.
        defer { withExtendedLifetime(world) {} }
        for number in 0..<130 {
            _ = try await orchestrator.change(
                devices[0].id, .hold(reason: "\(number)"), by: Self.bob)
            if number % 50 == 0 { _ = try await orchestrator.signAudit() }
        }
        let checkpoint = try await orchestrator.signAudit()
        for limit in [1, 7, 50, 60, 500] {
            var verifier = try AuditVerifier(
                trusting: .keys([Keys().offer.publicKey]), kept: [checkpoint],
                cryptography: World.cryptography)
            var last: Int64 = 0
            while last < checkpoint.unverified.number {
                let page = try await orchestrator.auditPage(.all, after: last, limit: limit)
                #expect((1...limit).contains(page.rows.count))
                for line in page.exportLines { try verifier.take(line: line) }
                last = page.rows.last?.number ?? .max
                guard !page.rows.isEmpty else { break }
            }
            let verdict = try verifier.finish()
            #expect(verdict.rows == checkpoint.unverified.number)
        }
    }

    /// A server that is led to a log which it has not signed signs nothing more.
    @Test(arguments: [
        "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)",
        "UPDATE audit SET sha256 = substr(sha256, 2) || '0' WHERE number ="
            + " (SELECT max(number) FROM audit)",
    ])
    func aCutOrRewrittenLogIsNotSigned(statement: String) async throws {
        let (world, orchestrator, _) = try await Self.scene()
        _ = try await orchestrator.signAudit()
        try Self.sqlite(
            world,
            "PRAGMA foreign_keys = OFF; DROP TRIGGER audit_is_not_changed;"
                + " DROP TRIGGER audit_is_not_removed; \(statement);")
        let again = try await world.orchestrator()
        do {
            _ = try await again.signAudit()
            Issue.record("it was signed")
        } catch { #expect("\(error)".contains("cut or rewritten: row"), "\(error)") }
    }
}

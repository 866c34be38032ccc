import Foundation
import Model
import Orchestrator
@testable import Stores
import TestSupport
import Testing

private typealias Scene = SQLiteStoreTests

/// A fleet that moves from SQLite to PostgreSQL, whole or not at all.
@Suite struct StoreMoveTests {
    @Test func everyRowOfEveryTableComesOver() async throws {
        let scene = try MoveScene()
        guard case .moved(let tables) = try scene.move().run() else {
            Issue.record("it was moved before")
            return
        }
        try scene.expectTheSameRows()
        let names = try SchemaTests.answer(
            scene.path,
            "SELECT name FROM sqlite_schema WHERE type = 'table'"
                + " AND name NOT IN ('sqlite_sequence', 'slipway_move') ORDER BY name")
        #expect(tables.map(\.name).sorted().joined(separator: "\n") == names)
        for table in tables { #expect(table.source == table.target, "\(table.name)") }
        #expect(tables.first { $0.name == "events" }?.target.rowCount ?? 0 > 12_000)
        // What a test cannot see come over, nobody has tried.
        let filled = tables.filter { $0.source.rowCount > 0 }.count
        #expect(filled >= 25, "\(tables.filter { $0.source.rowCount == 0 }.map(\.name))")

        let store = try scene.openTarget()
        let device = must(DeviceID("gw-1"))
        #expect(try await store.read { try $0.openOffer(of: device) }?.nonce.text == "n1")
        #expect(
            MoveScene.refusal { () throws(StoreError) in try scene.openSource() }
                .contains("was moved to the PostgreSQL database"))
        #expect(try StoreCheck.problems(ofPostgres: scene.address) == [])
    }

    /// Numbers that were given and taken back are not given again.
    @Test func numbersGoOnAfterTheHighest() throws {
        let scene = try MoveScene()
        let counters = try SchemaTests.answer(
            scene.path, "SELECT name, seq FROM sqlite_sequence WHERE seq > 0 ORDER BY name"
        ).split(separator: "\n").map { $0.split(separator: "|") }
        #expect(counters.count >= 5)
        _ = try scene.move().run()
        for counter in counters {
            let next = try scene.answer(
                "SELECT nextval(pg_get_serial_sequence('\(counter[0])', 'number'))")
            #expect(Int(next) == (Int(counter[1]) ?? 0) + 1, "\(counter[0])")
        }
        let tables = try scene.answer(
            "SELECT table_name FROM information_schema.columns WHERE is_identity = 'YES'"
                + " AND table_schema = current_schema()")
        #expect(Set(tables.split(separator: "\n")).isSuperset(of: counters.map { $0[0] }))
    }

    @Test func whatWasMovedIsMovedOnce() async throws {
        let scene = try MoveScene()
        _ = try scene.move().run()
        let event = EventRecord(at: Scene.at(5), device: nil, rollout: nil, what: "since")
        try await scene.openTarget().write { try $0.add(event) }
        #expect(try scene.move().run() == .wasMoved)
        #expect(try scene.answer("SELECT count(*) FROM events WHERE what = 'since'") == "1")
        let other = try PostgresServer.shared.get().makeDatabase()
        guard case .refused(let problem) = scene.problem(to: other) else {
            Issue.record("a fleet was moved to two places")
            return
        }
        #expect(problem.contains("was moved to"))
    }

    // MARK: Values

    @Test(
        arguments: [
            ("CAST(x'6100FF' AS TEXT)", "what is no text in UTF-8"),
            ("CAST(x'EDA080' AS TEXT)", "what is no text in UTF-8"),
            ("'a' || char(0) || 'b'", "what has a NUL in it"),
        ])
    func textThatPostgresCannotKeepIsRefusedByTableAndRow(
        value: String, problem: String
    ) throws {
        let scene = try MoveScene(
            "INSERT INTO events (number, at_s, what) VALUES (77777, 1, \(value));")
        guard case .refused(let words) = scene.problem() else {
            Issue.record("it was moved")
            return
        }
        #expect(words.contains("events, row 77777: \(problem)"), "\(words)")
        // What somebody mends then goes on.
        try scene.sqlite(
            "DROP TRIGGER events_are_not_changed;"
                + " UPDATE events SET what = 'mended' WHERE number = 77777;")
        _ = try scene.move().run()
        try scene.expectTheSameRows()
    }

    /// Among many that it takes, the one is found.
    @Test func aRowThatPostgresDoesNotTakeIsNamed() throws {
        let scene = try MoveScene(
            """
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
                INSERT INTO attributes SELECT 'gw-3', 'a' || i, i FROM n;
            UPDATE attributes SET value = hex(randomblob(9000))
                WHERE device = 'gw-3' AND name = 'a321';
            """)
        guard case .refused(let words) = scene.problem() else {
            Issue.record("it was moved")
            return
        }
        #expect(words.contains("attributes, row gw-3 a321: "), "\(words)")
    }

    // MARK: Cut

    private static func expectNobodyStarts(_ scene: MoveScene) {
        let source = MoveScene.refusal { () throws(StoreError) in try scene.openSource() }
        #expect(source.contains("is being moved"), "\(source)")
        let target = MoveScene.refusal { () throws(StoreError) in try scene.openTarget() }
        #expect(target.contains("that is not finished"), "\(target)")
    }

    @Test func aFullDiskStopsItAndItGoesOn() throws {
        let scene = try MoveScene()
        try scene.cut()
        Self.expectNobodyStarts(scene)
        try Self.expectGoesOn(scene)
    }

    @Test func aServerThatIsLostStopsItAndItGoesOn() throws {
        let server = try PostgresServer(isDurable: true)
        let scene = try MoveScene()
        let address = try server.makeDatabase()
        let crash = AtProgress.amongEvents { try server.crash() }
        guard case .interrupted = scene.problem(to: address, crash.report) else {
            Issue.record("nothing was lost")
            return
        }
        // It is not there, and that changes nothing.
        guard case .interrupted = scene.problem(to: address) else {
            Issue.record("nobody listens there")
            return
        }
        try server.start()
        let began = FirstCount()
        guard case .moved(let tables) = try scene.move(to: address, began.report).run() else {
            Issue.record("it was moved before")
            return
        }
        #expect(began.eventCount >= 5000, "what had come over was copied again")
        #expect(tables.allSatisfy { $0.source == $0.target })
    }

    private static func expectGoesOn(_ scene: MoveScene) throws {
        let began = FirstCount()
        guard case .moved = try scene.move(began.report).run() else {
            Issue.record("it was moved before")
            return
        }
        #expect(began.eventCount >= 5000, "what had come over was copied again")
        try scene.expectTheSameRows()
        _ = try scene.openTarget()
    }

    @Test func whoChangesTheSourceMeanwhileIsFoundOut() throws {
        let scene = try MoveScene()
        try scene.cut()
        try scene.sqlite("UPDATE devices SET slot = 'z' WHERE id = 'gw-3'")
        guard case .refused(let problem) = scene.problem() else {
            Issue.record("a change was lost")
            return
        }
        #expect(problem.contains("differ in devices (7 and 7 rows)"), "\(problem)")
        Self.expectNobodyStarts(scene)

        // Another target is another move, and the first one never comes to its end.
        let other = try PostgresServer.shared.get().makeDatabase()
        guard case .moved = try scene.move(to: other).run() else {
            Issue.record("it was moved before")
            return
        }
        guard case .refused(let late) = scene.problem() else {
            Issue.record("a fleet was moved to two places")
            return
        }
        #expect(late.contains("another move"), "\(late)")
        let target = MoveScene.refusal { () throws(StoreError) in try scene.openTarget() }
        #expect(target.contains("that is not finished"), "\(target)")
    }

    /// Somebody has copied the file, with its mark, and moves both at the same time.
    @Test func ofTwoMovesToOnePlaceOneEnds() throws {
        let scene = try MoveScene()
        let copy = Scene.path()
        let other = AtProgress.amongEvents {
            try FileManager.default.copyItem(atPath: scene.path, toPath: copy)
            try? FileManager.default.copyItem(atPath: scene.path + "-wal", toPath: copy + "-wal")
            #expect(scene.problem(from: copy) == nil)
        }
        guard case .refused(let problem) = scene.problem(other.report) else {
            Issue.record("both came to their end")
            return
        }
        #expect(problem.contains("another move is filling the same database"), "\(problem)")
        #expect(try StoreCheck.problems(ofPostgres: scene.address) == [])
    }
}

import Foundation
import Model
import OpenSSL
import Orchestrator
@testable import Stores
import Synchronization
import TestSupport
import Testing

/// A populated database of SQLite, and one of PostgreSQL that it moves to.
final class MoveScene: Sendable {
    let path: String
    let address: String

    /// - Parameter more: What is done to the database before.
    init(_ more: String = "") throws {
        path = try SchemaTests.database(ofSchema: Schema.migrations.count).place
        address = try PostgresServer.shared.get().makeDatabase()
        // As a server leaves it.
        try sqlite("PRAGMA journal_mode = WAL; " + Self.rows + more)
    }

    deinit {
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: path + suffix)
        }
    }

    /// One of everything that a populated database of the tests has not: a number that was given
    /// and taken back, values at the end of what there is, and more rows than go at once.
    private static let rows = """
        INSERT INTO outside_answers (rollout, check_name, wave, revision, asked_s, answer)
            VALUES ('r', 'qa', 0, 4, 76, 'pass');
        DELETE FROM outside_answers WHERE number = (SELECT max(number) FROM outside_answers);
        INSERT INTO events (at_s, device, what) VALUES
            (-9223372036854775808, NULL, ''), (9223372036854775807, 'a"b|c', '\\N'),
            (0, NULL, 'tab' || char(9) || 'line' || char(10) || 'return' || char(13) || '\\.'),
            (1, 'zürich', '日本 👩‍👩‍👧 e' || char(769) || ' é ' || char(1) || char(127)),
            (2, '\\', char(10) || '\\.' || char(10));
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
            INSERT INTO events (at_s, what) SELECT i, 'event ' || i FROM n;
        INSERT INTO webhooks VALUES ('h', 'https://a', 'device', 's', 'ada', 1, 0, 0, NULL, NULL,
            NULL);
        INSERT INTO dead_letters VALUES ('h', 3, 4, 1, 'it''s gone', 0);
        INSERT INTO answered_requests VALUES ('ada', 'k', hex(zeroblob(32)), '{}', 5);
        INSERT INTO tokens VALUES ('t', hex(zeroblob(32)), 'ci', 'viewer', NULL, 'lab', 1, 'ada',
            NULL, NULL, NULL);
        INSERT INTO enrolment_tokens VALUES ('e', hex(zeroblob(32)), '', 3, 1, '', NULL, 1, 'ada', 9,
            NULL);
        INSERT INTO enrolments VALUES ('gw-1', 'e', 2);
        INSERT INTO audit VALUES (1, 1, 'server', 'log-started', 'fleet', NULL, NULL, NULL, '{}',
            hex(zeroblob(32)), hex(zeroblob(32)));
        INSERT INTO audit_checkpoints VALUES (1, '{}');
        INSERT INTO expected_devices VALUES ('gw-9', NULL, NULL, '{}', 1, 'ada', NULL, NULL, NULL);
        UPDATE rollouts_version SET number = 7, token = 9223372036854775807;

        """

    func sqlite(_ statements: String) throws {
        try SQLiteStoreTests.sqlite(path, statements)
    }

    func move(
        from path: String? = nil, to address: String? = nil,
        _ report: @escaping (StoreMove.Progress) -> Void = { _ in }
    ) -> StoreMove {
        StoreMove(
            from: path ?? self.path, to: address ?? self.address, hashing: OpenSSLHashing(),
            makeID: { UUID().uuidString }, report: report)
    }

    /// Why the move did not come to its end.
    func problem(
        from path: String? = nil, to address: String? = nil,
        _ report: @escaping (StoreMove.Progress) -> Void = { _ in }
    ) -> MoveProblem? {
        do throws(MoveProblem) {
            _ = try move(from: path, to: address, report).run()
            return nil
        } catch { return error }
    }

    /// Begins the move, and lets it be cut in the middle of a table by a disk that is full.
    func cut() throws {
        let full = AtProgress.amongEvents {
            _ = try self.answer(
                """
                CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100'; END $$;
                CREATE TRIGGER fill BEFORE INSERT ON events
                    FOR EACH ROW EXECUTE FUNCTION fill();
                """)
        }
        let words = "the disk of the PostgreSQL database is full; make room"
        try #require(problem(full.report) == .interrupted(words))
        _ = try answer("DROP TRIGGER fill ON events; DROP FUNCTION fill")
    }

    // MARK: What there is

    func openSource() throws(StoreError) -> any Store { try SQLiteStore(path: path) }
    func openTarget() throws(StoreError) -> any Store { try PostgresStore(url: address) }

    func answer(_ query: String) throws -> String {
        try PostgresServer.shared.get().query(address, query)
    }

    /// All rows of all tables, as two other programs print them.
    func expectTheSameRows() throws {
        let queries = try SchemaTests.answer(
            path,
            """
            SELECT 'SELECT ''== ' || m.name || '''; SELECT '
                || (SELECT group_concat(name) FROM pragma_table_info(m.name)) || ' FROM '
                || m.name || ' ORDER BY '
                || (SELECT group_concat(name) FROM pragma_table_info(m.name) WHERE pk > 0)
                || ';' FROM sqlite_schema m
                WHERE type = 'table' AND name NOT IN ('sqlite_sequence', 'slipway_move')
            """)
        let source = try SchemaTests.answer(path, queries).components(separatedBy: "== ")
        let target = try answer(queries).components(separatedBy: "== ")
        #expect(source.count > 20 && source.count == target.count)
        for (one, other) in zip(source, target) { #expect(one == other) }
    }

    /// Why the database cannot be opened.
    static func refusal(_ open: () throws(StoreError) -> any Store) -> String {
        do throws(StoreError) {
            _ = try open()
            return "it was opened"
        } catch { return "\(error)" }
    }
}

/// Does something once, when a move has come so far.
final class AtProgress: Sendable {
    private let isDone = Mutex(false)
    private let isMoment: @Sendable (StoreMove.Progress) -> Bool
    private let body: @Sendable () throws -> Void

    init(
        when isMoment: @escaping @Sendable (StoreMove.Progress) -> Bool,
        _ body: @escaping @Sendable () throws -> Void
    ) {
        self.isMoment = isMoment
        self.body = body
    }

    /// In the middle of a table.
    static func amongEvents(_ body: @escaping @Sendable () throws -> Void) -> AtProgress {
        AtProgress(
            when: { progress in
                guard case .copying("events", let count, _) = progress else { return false }
                return count > 0
            }, body)
    }

    func report(_ progress: StoreMove.Progress) {
        guard isMoment(progress), !isDone.withLock({ $0 }) else { return }
        isDone.withLock { $0 = true }
        do { try body() } catch { Issue.record(error) }
    }
}

/// Keeps how many events had come over when a move began with them.
final class FirstCount: Sendable {
    private let count = Mutex<Int?>(nil)

    var eventCount: Int { count.withLock { $0 ?? 0 } }

    func report(_ progress: StoreMove.Progress) {
        guard case .copying("events", let rowCount, _) = progress else { return }
        count.withLock { $0 = $0 ?? rowCount }
    }
}

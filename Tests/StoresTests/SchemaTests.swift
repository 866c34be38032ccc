import Foundation
import Model
import Orchestrator
import Rollouts
@testable import Stores
import TestSupport
import Testing

private typealias Scene = SQLiteStoreTests

/// Both engines have the same tables, and come to them from every earlier schema.
@Suite struct SchemaTests {
    /// Columns as `table column type required`, then what hangs on tables.
    private static let sqliteShape = [
        """
        SELECT m.name || ' ' || p.name || ' ' || p.type || ' ' || (p."notnull" OR p.pk > 0)
            FROM sqlite_schema m JOIN pragma_table_info(m.name) p
            WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'
        """,
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
        "SELECT name FROM sqlite_schema WHERE type = 'trigger'",
        """
        SELECT m.name || ' ' || f."from" || ' ' || f."table" || ' ' || f."to"
            FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f
            WHERE m.type = 'table'
        """,
        """
        SELECT name || ' ' || ((length(sql) - length(replace(sql, 'CHECK (', ''))) / 7)
            FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%CHECK (%'
        """,
    ]

    private static let postgresShape = [
        """
        SELECT table_name || ' ' || column_name || ' '
            || CASE data_type WHEN 'bigint' THEN 'INTEGER' ELSE upper(data_type) END || ' '
            || CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END
            FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name <> 'slipway_schema'
        """,
        """
        SELECT indexname FROM pg_indexes WHERE schemaname = 'public'
            AND indexname !~ '_(pkey|key)$'
        """,
        """
        SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgname !~ '_at_once$'
        """,
        """
        SELECT c.conrelid::regclass || ' ' || a.attname || ' ' || c.confrelid::regclass || ' '
            || b.attname FROM pg_constraint c
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
            JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
            WHERE c.contype = 'f'
        """,
        """
        SELECT conrelid::regclass || ' ' || count(*) FROM pg_constraint
            WHERE contype = 'c' AND conrelid::regclass::text <> 'slipway_schema'
            AND connamespace = 'public'::regnamespace GROUP BY conrelid
        """,
    ]

    @Test func bothEnginesHaveTheSameTables() throws {
        let sqlite = try TestDatabase(.sqlite)
        let postgres = try TestDatabase(.postgres)
        _ = try sqlite.open()
        _ = try postgres.open()
        let server = try PostgresServer.shared.get()
        for (one, other) in zip(Self.sqliteShape, Self.postgresShape) {
            let expected = try Self.answer(sqlite.place, one)
            let found = try server.query(postgres.place, other)
            #expect(!expected.isEmpty)
            #expect(
                found.split(separator: "\n").sorted()
                    == expected.split(separator: "\n").sorted())
        }
    }

    /// Text is compared by its bytes, whatever the database's own order.
    @Test func everyTextOfPostgresIsSortedByItsBytes() throws {
        let postgres = try TestDatabase(.postgres)
        _ = try postgres.open()
        let others = try PostgresServer.shared.get().query(
            postgres.place,
            """
            SELECT table_name || '.' || column_name FROM information_schema.columns
                WHERE table_schema = 'public' AND data_type = 'text'
                AND collation_name IS DISTINCT FROM 'C'
            """)
        #expect(others == "")
    }

    static func answer(_ path: String, _ query: String) throws -> String {
        let output = try filtered(Array("\(query);".utf8), by: "sqlite3", "-batch", path)
        return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    private static func fixture(_ name: String) throws -> String {
        try String(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: name),
            encoding: .utf8)
    }

    /// What a schema has that the one before it had not.
    private static let rows: [Int: String] = [
        4: "INSERT INTO cohorts VALUES ('lab', 1, 'all', '(all)', 'ada', 70);",
        5: "INSERT INTO outside_answers (rollout, check_name, wave, revision, asked_s, answer)"
            + " VALUES ('r', 'qa', 0, 3, 75, 'pass'); INSERT INTO heartbeat VALUES (1, 77);",
        6: "UPDATE devices SET failure_class = 'health', failure_detail = 'x',"
            + " failure_log = 'kernel panic' WHERE id = 'gw-1';",
    ]

    /// A database as a server of that schema leaves it, with rows in it.
    static func database(ofSchema version: Int) throws -> TestDatabase {
        let database = try TestDatabase(.sqlite)
        try database.run(fixture("version1.sql"))
        if version > 1 { try database.run(fixture("version2.sql")) }
        for step in Schema.migrations.indices where step >= 2 && step < version {
            try database.run(
                "BEGIN; \(Schema.migrations[step]) \(rows[step + 1] ?? "") COMMIT;"
                    + " PRAGMA user_version = \(step + 1);")
        }
        return database
    }

    @Test(arguments: 1...Schema.migrations.count)
    func goesOnWithAPopulatedDatabase(ofSchema version: Int) async throws {
        let database = try Self.database(ofSchema: version)
        let events = try Self.answer(database.place, "SELECT * FROM events")
        let offers = try Self.answer(
            database.place, "SELECT number, nonce, outcome FROM offers ORDER BY number")
        let store = try database.open()

        #expect(
            try Self.answer(database.place, "PRAGMA user_version")
                == "\(Schema.migrations.count)")
        #expect(try Self.answer(database.place, "PRAGMA integrity_check") == "ok")
        #expect(try Self.answer(database.place, "PRAGMA foreign_key_check") == "")
        #expect(try Self.answer(database.place, "SELECT * FROM events") == events)
        #expect(
            try Self.answer(
                database.place, "SELECT number, nonce, outcome FROM offers ORDER BY number")
                == offers)
        let device = must(DeviceID("gw-1"))
        let found = try await store.read { store in
            (
                try store.device(device), try store.rollouts(), try store.cohorts(),
                try store.heartbeat()
            )
        }
        #expect(found.0?.id == device)
        #expect(!found.1.isEmpty)
        #expect(found.2.count == (version >= 4 ? 1 : 0))
        #expect(found.3 == (version >= 5 ? Scene.at(77) : nil))
        #expect((found.0?.lastFailure?.log ?? "") == (version >= 6 ? "kernel panic" : ""))
        // And it can be changed.
        let record = try #require(found.0)
        try await store.write { try $0.save(record, at: Scene.at(9999)) }
    }

    /// The first schema on PostgreSQL, with rows; and steps that take everything steps may do.
    @Test func postgresGoesOnWithAPopulatedDatabase() async throws {
        let database = try TestDatabase(.postgres)
        let first = try PostgresStore(
            url: database.place, steps: Array(Schema.migrations.prefix(6)))
        _ = first
        try database.run(
            """
            INSERT INTO events (at_s, device, what) VALUES (1, 'gw-1', 'began');
            INSERT INTO cohorts VALUES ('lab', 1, 'all', '(all)', 'ada', 70);
            """)
        let store = try PostgresStore(
            url: database.place,
            steps: Schema.migrations + [
                """
                -- It's what a step may do: "all" of it.
                CREATE TABLE notes (
                    number INTEGER PRIMARY KEY AUTOINCREMENT,
                    cohort TEXT NOT NULL CHECK (length(cohort) > 0), -- whose
                    weight REAL
                ) STRICT;
                ALTER TABLE events ADD COLUMN noted INTEGER CHECK (noted IN (0, 1));
                INSERT INTO notes (cohort) SELECT name FROM cohorts;
                CREATE INDEX notes_by_cohort ON notes (cohort) WHERE weight IS NULL;
                CREATE TRIGGER notes_keep_their_cohort BEFORE UPDATE ON notes
                    WHEN OLD.cohort <> NEW.cohort
                    BEGIN SELECT RAISE (ABORT, 'a note keeps its cohort'); END;
                CREATE TRIGGER notes_are_few BEFORE INSERT ON notes
                    BEGIN SELECT RAISE (ABORT, 'enough') WHERE NEW.number > 9; END;
                """
            ])
        let written = try await store.read { store in
            try store.events(of: must(DeviceID("gw-1")), until: Scene.at(9), limit: 9).map(\.what)
        }
        #expect(written == ["began"])
        let cohorts = try await store.read { try $0.cohorts() }
        #expect(cohorts.map(\.version.name.text) == ["lab"])
        let server = try PostgresServer.shared.get()
        #expect(try server.query(database.place, "SELECT number, cohort FROM notes") == "1|lab")
        try database.run("UPDATE notes SET weight = 0.5")
        #expect(throws: (any Error).self) { try database.run("UPDATE notes SET cohort = 'x'") }
        try database.run("INSERT INTO notes (number, cohort) VALUES (9, 'x')")
        #expect(throws: (any Error).self) {
            try database.run("INSERT INTO notes (number, cohort) VALUES (10, 'x')")
        }
        #expect(throws: (any Error).self) { try database.run("TRUNCATE events") }
        // A program of the schema before it refuses it, and says why.
        do {
            _ = try PostgresStore(url: database.place)
            Issue.record("a newer schema was taken")
        } catch {
            guard case .foreign(let problem) = error else {
                Issue.record(error)
                return
            }
            #expect(problem.contains("newer"))
        }
    }

    /// It would leave as it was what it knows nothing of.
    @Test func anOlderServerWritesNothingOnceANewerOneHasChangedTheTables() async throws {
        let database = try TestDatabase(.postgres)
        let older = try PostgresStore(
            url: database.place, steps: Array(Schema.migrations.dropLast()))
        let device = must(DeviceID("gw-1"))
        func event(_ what: String) -> EventRecord {
            EventRecord(at: Scene.at(1), device: device, rollout: nil, what: what)
        }
        let (a, b, c) = (event("a"), event("b"), event("c"))
        try await older.write { try $0.add(a) }
        let newer = try PostgresStore(url: database.place)

        await #expect(
            throws: StoreError.foreign(
                "another slipway-server has changed the database's tables; update this one")
        ) {
            try await older.write { try $0.add(b) }
        }
        try await newer.write { try $0.add(c) }
        let written = try await newer.read { store in
            try store.events(of: device, until: Scene.at(9), limit: 9).map(\.what)
        }
        #expect(written == ["a", "c"])
    }
}

/// The database's schema, as the steps that lead to it; a step is never changed once released.
enum Schema {
    /// "SLIP": tells our databases from others (`PRAGMA application_id`).
    static let applicationID: Int64 = 0x534c_4950

    /// Step N leads to `PRAGMA user_version` N.
    static let migrations = [migration1, migration2, migration4]

    private static let migration1 = """
        CREATE TABLE devices (
            id TEXT PRIMARY KEY NOT NULL,
            hardware TEXT NOT NULL,
            public_key TEXT NOT NULL CHECK (length(public_key) = 64),
            sequence INTEGER NOT NULL CHECK (sequence > 0),
            lifecycle TEXT NOT NULL CHECK (lifecycle IN ('active', 'retired')),
            slot TEXT NOT NULL,
            boot_id TEXT NOT NULL,
            release_name TEXT,
            release_version TEXT,
            sha256 TEXT CHECK (length(sha256) = 64),
            confirmed INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
            phase_json TEXT NOT NULL,
            failure_class TEXT,
            failure_detail TEXT,
            last_seen_s INTEGER NOT NULL,
            enrolled_s INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE attributes (
            device TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (device, name)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE images (
            path TEXT PRIMARY KEY NOT NULL,
            release_name TEXT NOT NULL,
            release_version TEXT NOT NULL,
            sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
            length_bytes INTEGER NOT NULL CHECK (length_bytes > 0),
            hardware TEXT NOT NULL,
            from_versions TEXT NOT NULL,
            downgrade INTEGER NOT NULL CHECK (downgrade IN (0, 1))
        ) STRICT;
        CREATE INDEX images_by_release ON images (release_name, release_version);

        CREATE TABLE rollouts (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            file_json TEXT NOT NULL,
            plan_sha256 TEXT NOT NULL CHECK (length(plan_sha256) = 64),
            hardware TEXT NOT NULL,
            created_s INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            state TEXT NOT NULL
                CHECK (state IN ('draft', 'running', 'paused', 'completed', 'aborted')),
            wave INTEGER CHECK ((wave IS NOT NULL) = (state IN ('running', 'paused'))),
            since_s INTEGER,
            started_s INTEGER,
            forgiven_proven INTEGER,
            forgiven_failed INTEGER,
            reason TEXT CHECK ((reason IS NOT NULL) = (state IN ('paused', 'aborted'))),
            reason_failures INTEGER,
            reason_decided INTEGER
        ) STRICT;

        CREATE TABLE waves (
            rollout TEXT NOT NULL REFERENCES rollouts (name),
            number INTEGER NOT NULL,
            device_count INTEGER NOT NULL,
            listed TEXT NOT NULL,
            PRIMARY KEY (rollout, number)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE offers (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            nonce TEXT NOT NULL UNIQUE,
            device TEXT NOT NULL REFERENCES devices (id),
            rollout TEXT NOT NULL REFERENCES rollouts (name),
            wave INTEGER NOT NULL CHECK (wave >= 0),
            release_name TEXT NOT NULL,
            release_version TEXT NOT NULL,
            path TEXT NOT NULL,
            sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
            length_bytes INTEGER NOT NULL CHECK (length_bytes > 0),
            boot_id TEXT NOT NULL,
            issued_s INTEGER NOT NULL,
            expires_s INTEGER NOT NULL,
            outcome TEXT NOT NULL CHECK (outcome IN ('open', 'proven', 'failed', 'cancelled')),
            failure_class TEXT CHECK ((failure_class IS NOT NULL) = (outcome = 'failed')),
            failure_detail TEXT
        ) STRICT;
        -- A device works on one offer at a time.
        CREATE UNIQUE INDEX offers_one_open ON offers (device) WHERE outcome = 'open';
        CREATE INDEX offers_by_rollout ON offers (rollout, outcome, wave);
        CREATE INDEX offers_by_device ON offers (device, rollout, number);
        CREATE INDEX offers_by_expiry ON offers (expires_s) WHERE outcome = 'open';

        CREATE TABLE events (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            at_s INTEGER NOT NULL,
            device TEXT,
            rollout TEXT,
            what TEXT NOT NULL
        ) STRICT;
        CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
            BEGIN SELECT RAISE (ABORT, 'events are only added'); END;
        CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events
            BEGIN SELECT RAISE (ABORT, 'events are only added'); END;
        """

    private static let migration2 = """
        -- Before there were names, there was one token.
        ALTER TABLE rollouts ADD COLUMN author TEXT NOT NULL DEFAULT 'operator';

        CREATE TABLE approvals (
            rollout TEXT NOT NULL REFERENCES rollouts (name),
            wave INTEGER NOT NULL CHECK (wave >= 0),
            since_s INTEGER NOT NULL,
            operator TEXT NOT NULL,
            at_s INTEGER NOT NULL,
            PRIMARY KEY (rollout, wave, since_s, operator)
        ) STRICT, WITHOUT ROWID;

        ALTER TABLE devices ADD COLUMN held_reason TEXT;

        -- In what failures are looked for, and of whom they were found.
        ALTER TABLE rollouts ADD COLUMN scope_attributes TEXT NOT NULL DEFAULT '';
        ALTER TABLE rollouts ADD COLUMN scope_pairs INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE paused_strata (
            rollout TEXT NOT NULL REFERENCES rollouts (name),
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            at_s INTEGER NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (rollout, name, value)
        ) STRICT, WITHOUT ROWID;

        -- What limits count the lease by, as it was when it was taken.
        CREATE TABLE lease_values (
            nonce TEXT NOT NULL REFERENCES offers (nonce),
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (nonce, name)
        ) STRICT, WITHOUT ROWID;
        -- Leases from before this table count by what their devices have now.
        INSERT INTO lease_values (nonce, name, value)
            SELECT o.nonce, a.name, a.value FROM offers o JOIN attributes a ON a.device = o.device
            WHERE o.outcome = 'open';

        CREATE INDEX attributes_by_value ON attributes (name, value);
        CREATE INDEX offers_by_issue ON offers (rollout, issued_s);
        """

    private static let migration4 = """
        -- What somebody outside said of an open wave. The newest answer of a check counts, and only
        -- while the rollout has the revision that it had when it was asked; the rest is kept to
        -- explain by.
        CREATE TABLE outside_answers (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            rollout TEXT NOT NULL REFERENCES rollouts (name),
            check_name TEXT NOT NULL,
            wave INTEGER NOT NULL CHECK (wave >= 0),
            revision INTEGER NOT NULL,
            asked_s INTEGER NOT NULL,
            answer TEXT NOT NULL CHECK (answer IN ('pass', 'fail', 'unknown')),
            detail TEXT CHECK ((detail IS NULL) = (answer = 'pass'))
        ) STRICT;
        CREATE INDEX outside_answers_newest
            ON outside_answers (rollout, revision, check_name, number);

        ALTER TABLE rollouts ADD COLUMN reason_check TEXT;
        ALTER TABLE rollouts ADD COLUMN reason_detail TEXT;
        """
}

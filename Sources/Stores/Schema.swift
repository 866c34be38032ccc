/// The database's schema, as the steps that lead to it; a step is never changed once released.
enum Schema {
    /// "SLIP": tells our databases from others (`PRAGMA application_id`).
    static let applicationID: Int64 = 0x534c_4950

    /// Step N leads to `PRAGMA user_version` N.
    static let migrations = [
        migration1, migration2, migration3, migration4, migration5, migration6,
        migrationAccess,
        migrationAPI,
        migrationScale,
        migrationAudit,
        migrationImages,
        migrationLifecycle,
        migrationLeavers,
        migrationStepping,
    ]

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

    private static let migration3 = """
        -- What an operator or the server decided about a device.
        ALTER TABLE devices ADD COLUMN pin_name TEXT;
        ALTER TABLE devices ADD COLUMN pin_version TEXT;
        ALTER TABLE devices ADD COLUMN failures_in_a_row INTEGER NOT NULL DEFAULT 0
            CHECK (failures_in_a_row >= 0);
        ALTER TABLE devices ADD COLUMN quarantined_s INTEGER;

        -- When an offer was decided; offers from before are taken to end when their lease would.
        ALTER TABLE offers ADD COLUMN decided_s INTEGER;
        UPDATE offers SET decided_s = min(expires_s, CAST(strftime('%s', 'now') AS INTEGER))
            WHERE outcome <> 'open';
        -- When the device was heard of last while it held the lease.
        ALTER TABLE offers ADD COLUMN heard_s INTEGER;
        UPDATE offers SET heard_s = issued_s;

        -- What each device has made of each rollout, by its newest try that was not taken back.
        CREATE TABLE attempts (
            rollout TEXT NOT NULL REFERENCES rollouts (name),
            device TEXT NOT NULL REFERENCES devices (id),
            wave INTEGER NOT NULL CHECK (wave >= 0),
            standing TEXT NOT NULL CHECK (standing IN ('open', 'proven', 'failed')),
            -- Tries so far; of the newest failure; at the newest stop; and those forgiven.
            tries INTEGER NOT NULL CHECK (tries > 0),
            failure_try INTEGER NOT NULL DEFAULT 0,
            noted_try INTEGER NOT NULL DEFAULT 0,
            forgiven_try INTEGER NOT NULL DEFAULT 0,
            -- Of the failure after which an operator lets the device try once more.
            granted_try INTEGER NOT NULL DEFAULT 0,
            granted_s INTEGER CHECK ((granted_s IS NOT NULL) = (granted_try > 0)),
            failure_class TEXT CHECK ((failure_class IS NOT NULL) = (failure_try > 0)),
            failed_s INTEGER,
            -- When the newest failure begins to count; null while it is tried again.
            counts_from_s INTEGER,
            -- What the device ran when it got its first offer.
            from_name TEXT,
            from_version TEXT,
            PRIMARY KEY (rollout, device)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX attempts_by_standing ON attempts (rollout, standing, wave);
        CREATE INDEX attempts_by_device ON attempts (device);
        -- Until now a device had one attempt at a rollout.
        INSERT INTO attempts (rollout, device, wave, standing, tries, failure_try, failure_class,
                failed_s, counts_from_s)
            SELECT rollout, device, wave, outcome, 1, outcome = 'failed', failure_class,
                CASE outcome WHEN 'failed' THEN decided_s END,
                CASE outcome WHEN 'failed' THEN decided_s END
            FROM offers WHERE number IN (SELECT max(number) FROM offers
                WHERE outcome <> 'cancelled' GROUP BY rollout, device);
        -- Failures that had been forgiven were only counted; whose they were, nobody knows.
        -- The first that were decided are taken for them.
        UPDATE attempts SET forgiven_try = tries WHERE (rollout, device) IN (
            SELECT rollout, device FROM (
                SELECT o.rollout, o.device, o.outcome, row_number() OVER
                    (PARTITION BY o.rollout, o.outcome ORDER BY o.number) AS place
                FROM offers o WHERE o.outcome IN ('proven', 'failed')) d
            JOIN rollouts r ON r.name = d.rollout
            WHERE d.place <= CASE d.outcome WHEN 'failed' THEN r.forgiven_failed
                ELSE r.forgiven_proven END);
        UPDATE attempts SET noted_try = tries WHERE standing <> 'open' AND rollout IN
            (SELECT name FROM rollouts WHERE state = 'paused' AND reason = 'failures');

        -- What failures are looked for in, as it was when the device was first tried.
        CREATE TABLE attempt_values (
            rollout TEXT NOT NULL,
            device TEXT NOT NULL,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (rollout, device, name)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO attempt_values (rollout, device, name, value)
            SELECT t.rollout, t.device, a.name, a.value FROM attempts t
            JOIN attributes a ON a.device = t.device JOIN rollouts r ON r.name = t.rollout
            WHERE instr(',' || r.scope_attributes || ',', ',' || a.name || ',') > 0;
        CREATE INDEX lease_values_by_value ON lease_values (name, value);

        -- A state that was not there before, and rules for it. What was forgiven is in attempts.
        CREATE TABLE rollouts_3 (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            file_json TEXT NOT NULL,
            plan_sha256 TEXT NOT NULL CHECK (length(plan_sha256) = 64),
            hardware TEXT NOT NULL,
            created_s INTEGER NOT NULL,
            author TEXT NOT NULL,
            -- Who goes first; a normal rollout has 5, and an emergency 10.
            priority INTEGER NOT NULL,
            scope_attributes TEXT NOT NULL,
            scope_pairs INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN
                ('draft', 'running', 'paused', 'completed', 'reverting', 'aborted')),
            wave INTEGER CHECK ((wave IS NOT NULL) = (state IN ('running', 'paused'))),
            since_s INTEGER,
            started_s INTEGER,
            reason TEXT CHECK ((reason IS NOT NULL) = (state IN ('paused', 'aborted'))),
            reason_failures INTEGER,
            reason_decided INTEGER,
            reason_class TEXT,
            -- The rollout that took its place, or takes its devices back.
            reason_rollout TEXT CHECK (reason_rollout IS NOT NULL OR state <> 'reverting')
        ) STRICT;
        INSERT INTO rollouts_3 (number, name, file_json, plan_sha256, hardware, created_s, author,
                priority, scope_attributes, scope_pairs, revision, state, wave, since_s, started_s,
                reason, reason_failures, reason_decided)
            SELECT number, name, file_json, plan_sha256, hardware, created_s, author, 5,
                scope_attributes, scope_pairs, revision, state, wave, since_s, started_s, reason,
                reason_failures, reason_decided FROM rollouts;
        DROP TABLE rollouts;
        ALTER TABLE rollouts_3 RENAME TO rollouts;

        -- How silent others were when silence would have stopped a rollout, by the moment at which
        -- the newest of its overdue devices was overdue.
        CREATE TABLE silence_controls (
            rollout TEXT NOT NULL REFERENCES rollouts (name),
            newest_s INTEGER NOT NULL,
            at_s INTEGER NOT NULL,
            silent_count INTEGER NOT NULL,
            device_count INTEGER NOT NULL CHECK (silent_count <= device_count),
            PRIMARY KEY (rollout, newest_s)
        ) STRICT, WITHOUT ROWID;

        -- A stratum may be let in again.
        CREATE TABLE paused_strata_3 (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            rollout TEXT NOT NULL REFERENCES rollouts (name),
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            at_s INTEGER NOT NULL,
            reason TEXT NOT NULL,
            lifted_s INTEGER
        ) STRICT;
        INSERT INTO paused_strata_3 (rollout, name, value, at_s, reason)
            SELECT rollout, name, value, at_s, reason FROM paused_strata;
        DROP TABLE paused_strata;
        ALTER TABLE paused_strata_3 RENAME TO paused_strata;
        CREATE UNIQUE INDEX paused_strata_once ON paused_strata (rollout, name, value)
            WHERE lifted_s IS NULL;

        -- Plans that were shown, so that exactly these can be started.
        CREATE TABLE plans (
            plan_sha256 TEXT PRIMARY KEY NOT NULL CHECK (length(plan_sha256) = 64),
            at_s INTEGER NOT NULL,
            rollout TEXT NOT NULL,
            file_json TEXT NOT NULL,
            hardware TEXT NOT NULL,
            images TEXT NOT NULL,
            waves TEXT NOT NULL,
            scope_attributes TEXT NOT NULL,
            scope_pairs INTEGER NOT NULL,
            superseded TEXT NOT NULL
        ) STRICT;
        CREATE INDEX plans_by_time ON plans (at_s);

        -- What decisions were made from, as it was at each moment; only ever added.
        CREATE TABLE device_history (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            device TEXT NOT NULL,
            at_s INTEGER NOT NULL,
            hardware TEXT NOT NULL,
            lifecycle TEXT NOT NULL,
            held_reason TEXT,
            quarantined_s INTEGER,
            pin_name TEXT,
            pin_version TEXT,
            release_name TEXT,
            release_version TEXT,
            sha256 TEXT,
            confirmed INTEGER NOT NULL,
            attributes_json TEXT NOT NULL
        ) STRICT;
        CREATE INDEX device_history_by_device ON device_history (device, at_s, number);
        INSERT INTO device_history (device, at_s, hardware, lifecycle, held_reason, release_name,
                release_version, sha256, confirmed, attributes_json)
            SELECT id, last_seen_s, hardware, lifecycle, held_reason, release_name,
                release_version, sha256, confirmed,
                (SELECT json_group_object(a.name, a.value) FROM attributes a WHERE a.device = id)
            FROM devices;

        CREATE TABLE rollout_history (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            rollout TEXT NOT NULL,
            at_s INTEGER NOT NULL,
            state TEXT NOT NULL,
            wave INTEGER,
            since_s INTEGER,
            started_s INTEGER,
            reason TEXT,
            reason_failures INTEGER,
            reason_decided INTEGER,
            reason_rollout TEXT,
            reason_class TEXT
        ) STRICT;
        CREATE INDEX rollout_history_by_rollout ON rollout_history (rollout, at_s, number);
        INSERT INTO rollout_history (rollout, at_s, state, wave, since_s, started_s, reason,
                reason_failures, reason_decided)
            SELECT name, CAST(strftime('%s', 'now') AS INTEGER), state, wave, since_s, started_s, reason, reason_failures,
                reason_decided FROM rollouts;

        CREATE TRIGGER device_history_is_not_changed BEFORE UPDATE ON device_history
            BEGIN SELECT RAISE (ABORT, 'history is only added'); END;
        CREATE TRIGGER device_history_is_not_removed BEFORE DELETE ON device_history
            BEGIN SELECT RAISE (ABORT, 'history is only added'); END;
        CREATE TRIGGER rollout_history_is_not_changed BEFORE UPDATE ON rollout_history
            BEGIN SELECT RAISE (ABORT, 'history is only added'); END;
        CREATE TRIGGER rollout_history_is_not_removed BEFORE DELETE ON rollout_history
            BEGIN SELECT RAISE (ABORT, 'history is only added'); END;
        CREATE INDEX events_by_rollout ON events (rollout, number);
        CREATE INDEX events_by_device ON events (device, number);
        """

    private static let migration4 = """
        CREATE TABLE cohorts (
            name TEXT NOT NULL,
            version INTEGER NOT NULL CHECK (version > 0),
            selector TEXT NOT NULL,
            expanded TEXT NOT NULL,
            author TEXT NOT NULL,
            at_s INTEGER NOT NULL,
            PRIMARY KEY (name, version)
        ) STRICT;
        CREATE TRIGGER cohorts_are_not_changed BEFORE UPDATE ON cohorts
            BEGIN SELECT RAISE (ABORT, 'cohorts are only added'); END;
        CREATE TRIGGER cohorts_are_not_removed BEFORE DELETE ON cohorts
            BEGIN SELECT RAISE (ABORT, 'cohorts are only added'); END;
        """

    private static let migration5 = """
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
        ALTER TABLE rollout_history ADD COLUMN reason_check TEXT;
        ALTER TABLE rollout_history ADD COLUMN reason_detail TEXT;

        -- When a server was last there to listen; one row at most.
        CREATE TABLE heartbeat (
            number INTEGER PRIMARY KEY NOT NULL CHECK (number = 1),
            at_s INTEGER NOT NULL
        ) STRICT;
        """

    private static let migration6 = """
        -- The end of a failed image's own log.
        ALTER TABLE devices ADD COLUMN failure_log TEXT;
        ALTER TABLE offers ADD COLUMN failure_log TEXT;
        -- The other key that somebody with an enrolment token has shown for the device.
        ALTER TABLE devices ADD COLUMN asked_key TEXT CHECK (length(asked_key) = 64);
        ALTER TABLE devices ADD COLUMN asked_key_s INTEGER
            CHECK ((asked_key IS NULL) = (asked_key_s IS NULL));
        """
}

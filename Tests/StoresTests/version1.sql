PRAGMA application_id = 0x534c4950;
-- A database of version 1, in the middle of a rollout.
PRAGMA user_version = 1;
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

INSERT INTO devices VALUES ('gw-1', 'gw-2', '1111111111111111111111111111111111111111111111111111111111111111', 7, 'active', 'a', 'boot-1', 'acme', '1.0.0', '2222222222222222222222222222222222222222222222222222222222222222', 1,
    '{"state":"idle"}', NULL, NULL, 100, 50);
INSERT INTO attributes VALUES ('gw-1', 'site', 'berlin');
INSERT INTO rollouts (name, file_json, plan_sha256, hardware, created_s, revision, state, wave, since_s,
    started_s, forgiven_proven, forgiven_failed)
    VALUES ('r', '{}', '3333333333333333333333333333333333333333333333333333333333333333', 'gw-2', 60, 2, 'running', 0, 60, 60, 0, 0);
INSERT INTO waves VALUES ('r', 0, 1, 'gw-1');
INSERT INTO offers (nonce, device, rollout, wave, release_name, release_version, path, sha256,
    length_bytes, boot_id, issued_s, expires_s, outcome)
    VALUES ('n1', 'gw-1', 'r', 0, 'acme', '2.0.0', 'acme/2.0.0/a.img', '4444444444444444444444444444444444444444444444444444444444444444', 10, 'boot-1', 70, 900,
    'open');

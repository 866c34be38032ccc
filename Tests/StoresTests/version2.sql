PRAGMA application_id = 0x534c4950;
-- The schema of the second version, on top of version1.sql, and a rollout that was stopped twice:
-- after the first stop three failures and one proof were forgiven, and two more failed since.
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

PRAGMA user_version = 2;

UPDATE rollouts SET scope_attributes = 'site', scope_pairs = 2, author = 'ada';
INSERT INTO rollouts (name, file_json, plan_sha256, hardware, created_s, revision, state, wave,
    since_s, started_s, forgiven_proven, forgiven_failed, reason, reason_failures, reason_decided,
    author, scope_attributes, scope_pairs)
    VALUES ('s', '{}', '5555555555555555555555555555555555555555555555555555555555555555', 'gw-2', 61, 9, 'paused', 0, NULL, 61, 1, 3, 'failures', 2, 2, 'ada', 'site', 2);
INSERT INTO waves VALUES ('s', 0, 6, '');
WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 7)
    INSERT INTO devices SELECT 'gw-' || i, hardware, public_key, sequence, lifecycle, slot, boot_id,
        release_name, release_version, sha256, confirmed, phase_json, failure_class,
        failure_detail, last_seen_s, enrolled_s, held_reason
    FROM devices, n WHERE id = 'gw-1';
INSERT INTO attributes SELECT id, 'site', 'lyon' FROM devices WHERE id <> 'gw-1';
INSERT INTO offers (nonce, device, rollout, wave, release_name, release_version, path, sha256,
    length_bytes, boot_id, issued_s, expires_s, outcome, failure_class, failure_detail)
    SELECT 's-' || id, id, 's', 0, 'acme', '2.0.0', 'acme/2.0.0/a.img',
        '4444444444444444444444444444444444444444444444444444444444444444', 10, 'boot-1', 70, 900,
        CASE id WHEN 'gw-4' THEN 'proven' ELSE 'failed' END,
        CASE id WHEN 'gw-4' THEN NULL ELSE 'health' END,
        CASE id WHEN 'gw-4' THEN NULL ELSE 'no modem' END
    FROM devices WHERE id <> 'gw-1' ORDER BY id;
INSERT INTO paused_strata VALUES ('s', 'site', 'kiel', 80, 'site kiel: 2 of 2 devices failed');

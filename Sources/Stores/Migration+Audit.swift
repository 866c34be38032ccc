extension Schema {
    /// The log of changes, and the signatures over it.
    static let migrationAudit = """
        CREATE TABLE audit (
            number INTEGER PRIMARY KEY NOT NULL CHECK (number > 0),
            at_s INTEGER NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL,
            subject TEXT NOT NULL,
            device TEXT,
            rollout TEXT,
            before_json TEXT,
            after_json TEXT,
            previous_sha256 TEXT NOT NULL CHECK (length(previous_sha256) = 64),
            sha256 TEXT NOT NULL CHECK (length(sha256) = 64)
        ) STRICT;
        CREATE INDEX audit_by_actor ON audit (actor, number);
        CREATE INDEX audit_by_device ON audit (device, number) WHERE device IS NOT NULL;
        CREATE INDEX audit_by_rollout ON audit (rollout, number) WHERE rollout IS NOT NULL;
        CREATE INDEX audit_by_subject ON audit (subject, number)
            WHERE device IS NULL AND rollout IS NULL;
        CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
            BEGIN SELECT RAISE (ABORT, 'the log is only added to'); END;
        CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
            BEGIN SELECT RAISE (ABORT, 'the log is only added to'); END;

        -- The number is that of the row that was the newest.
        CREATE TABLE audit_checkpoints (
            number INTEGER PRIMARY KEY NOT NULL REFERENCES audit (number),
            signed_json TEXT NOT NULL
        ) STRICT;
        CREATE TRIGGER audit_checkpoints_are_not_changed BEFORE UPDATE ON audit_checkpoints
            BEGIN SELECT RAISE (ABORT, 'checkpoints are only added'); END;
        CREATE TRIGGER audit_checkpoints_are_not_removed BEFORE DELETE ON audit_checkpoints
            BEGIN SELECT RAISE (ABORT, 'checkpoints are only added'); END;
        """
}

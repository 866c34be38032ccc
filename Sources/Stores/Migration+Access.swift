extension Schema {
    /// Who may do what, and who may enrol.
    static let migrationAccess = """
        CREATE TABLE tokens (
            id TEXT PRIMARY KEY NOT NULL,
            -- Of the token's whole text, which is nowhere.
            sha256 TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
            name TEXT NOT NULL,
            role TEXT NOT NULL
                CHECK (role IN ('viewer', 'operator', 'approver', 'publisher', 'admin')),
            -- Words separated by commas; null for all of the role, and for any device.
            actions TEXT,
            cohorts TEXT,
            created_s INTEGER NOT NULL,
            created_by TEXT NOT NULL,
            expires_s INTEGER,
            revoked_s INTEGER,
            last_used_s INTEGER
        ) STRICT;

        CREATE TABLE enrolment_tokens (
            id TEXT PRIMARY KEY NOT NULL,
            sha256 TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
            note TEXT NOT NULL,
            uses INTEGER NOT NULL CHECK (uses > 0),
            used INTEGER NOT NULL CHECK (used >= 0 AND used <= uses),
            -- Models separated by commas; empty for any.
            hardware TEXT NOT NULL,
            cohort TEXT,
            created_s INTEGER NOT NULL,
            created_by TEXT NOT NULL,
            expires_s INTEGER NOT NULL,
            revoked_s INTEGER
        ) STRICT;
        CREATE TABLE enrolment_token_attributes (
            token TEXT NOT NULL REFERENCES enrolment_tokens (id),
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (token, name)
        ) STRICT;
        -- Which token let a device in.
        CREATE TABLE enrolments (
            device TEXT PRIMARY KEY NOT NULL,
            token TEXT NOT NULL REFERENCES enrolment_tokens (id),
            at_s INTEGER NOT NULL
        ) STRICT;
        """
}

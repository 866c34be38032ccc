extension Schema {
    /// Web hooks, and answers to requests that may be sent again.
    static let migrationAPI = """
        CREATE TABLE webhooks (
            id TEXT PRIMARY KEY NOT NULL,
            url TEXT NOT NULL,
            kinds TEXT NOT NULL,
            secret TEXT NOT NULL,
            author TEXT NOT NULL,
            created_s INTEGER NOT NULL,
            position INTEGER NOT NULL CHECK (position >= 0),
            failures INTEGER NOT NULL CHECK (failures >= 0),
            failing_since_s INTEGER CHECK ((failing_since_s IS NULL) = (failures = 0)),
            next_s INTEGER CHECK ((next_s IS NULL) = (failures = 0)),
            problem TEXT CHECK ((problem IS NULL) = (failures = 0))
        ) STRICT;

        CREATE TABLE dead_letters (
            webhook TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
            event INTEGER NOT NULL,
            at_s INTEGER NOT NULL,
            attempts INTEGER NOT NULL CHECK (attempts > 0),
            problem TEXT NOT NULL,
            wanted INTEGER NOT NULL CHECK (wanted IN (0, 1)),
            PRIMARY KEY (webhook, event)
        ) STRICT;
        CREATE INDEX dead_letters_wanted ON dead_letters (webhook, wanted, event);

        -- Which server delivers; one row at most.
        CREATE TABLE delivery_lease (
            number INTEGER PRIMARY KEY NOT NULL CHECK (number = 1),
            holder TEXT NOT NULL,
            until_s INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE answered_requests (
            operator TEXT NOT NULL,
            request_key TEXT NOT NULL,
            request_sha256 TEXT NOT NULL CHECK (length(request_sha256) = 64),
            answer TEXT NOT NULL,
            at_s INTEGER NOT NULL,
            PRIMARY KEY (operator, request_key)
        ) STRICT;
        CREATE INDEX answered_requests_by_time ON answered_requests (at_s);
        """
}

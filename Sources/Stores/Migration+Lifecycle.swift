extension Schema {
    /// What people know of devices before these speak, what they set of those that do, and how
    /// devices leave.
    static let migrationLifecycle = """
        CREATE TABLE expected_devices (
            id TEXT PRIMARY KEY NOT NULL,
            hardware TEXT,
            public_key TEXT CHECK (length(public_key) = 64),
            attributes_json TEXT NOT NULL,
            since_s INTEGER NOT NULL,
            -- Null for one that has only asked by itself.
            planned_by TEXT,
            -- What somebody has shown who would be this device; a person decides.
            asked_key TEXT CHECK (length(asked_key) = 64),
            asked_hardware TEXT CHECK ((asked_key IS NULL) = (asked_hardware IS NULL)),
            asked_s INTEGER CHECK ((asked_key IS NULL) = (asked_s IS NULL))
        ) STRICT;
        CREATE INDEX expected_uninvited ON expected_devices (id) WHERE planned_by IS NULL;

        -- What a device says of itself apart from what operators set, as JSON; both are null where
        -- operators set nothing. The table attributes has what follows from the two.
        ALTER TABLE devices ADD COLUMN reported_json TEXT;
        ALTER TABLE devices ADD COLUMN set_json TEXT;
        -- Null for a device that is not retired, or was before there was this column.
        ALTER TABLE devices ADD COLUMN retired_s INTEGER;
        ALTER TABLE devices ADD COLUMN wipe TEXT
            CHECK (wipe IS NULL
                OR (wipe IN ('demanded', 'done', 'failed') AND retired_s IS NOT NULL));
        ALTER TABLE devices ADD COLUMN wipe_s INTEGER;
        ALTER TABLE devices ADD COLUMN wipe_detail TEXT;
        """
}

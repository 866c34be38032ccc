extension Schema {
    /// Which server steps rollouts; what it does alone includes what had a lease of its own before.
    static let migrationStepping = """
        DROP TABLE delivery_lease;

        -- One row at most.
        CREATE TABLE stepping_lease (
            place INTEGER PRIMARY KEY NOT NULL CHECK (place = 1),
            epoch INTEGER NOT NULL CHECK (epoch > 0),
            -- Null when nobody has it.
            holder TEXT,
            server TEXT CHECK ((server IS NULL) = (holder IS NULL)),
            process TEXT CHECK ((process IS NULL) = (holder IS NULL)),
            beat INTEGER NOT NULL CHECK (beat >= 0)
        ) STRICT;
        CREATE TRIGGER stepping_epoch_only_rises BEFORE UPDATE OF epoch ON stepping_lease
            FOR EACH ROW WHEN NEW.epoch < OLD.epoch
            BEGIN SELECT RAISE (ABORT, 'the number of the lease only rises'); END;
        CREATE TRIGGER stepping_lease_is_not_removed BEFORE DELETE ON stepping_lease
            BEGIN SELECT RAISE (ABORT, 'the lease is kept'); END;
        """
}

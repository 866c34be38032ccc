extension Schema {
    static let migrationScale = """
        -- Changes with every change of rollouts, paused strata and images; one row.
        CREATE TABLE rollouts_version (
            place INTEGER PRIMARY KEY NOT NULL CHECK (place = 1),
            number INTEGER NOT NULL,
            token INTEGER NOT NULL
        ) STRICT;
        INSERT INTO rollouts_version (place, number, token) VALUES (1, 0, 0);
        """
}

extension Schema {
    static let migrationLeavers = """
        -- Devices that were retired before they had proven the release of a rollout whose plan had
        -- counted them, with the first wave that reached them. Of devices that were retired before
        -- there was this table nobody knows which plans had counted them.
        CREATE TABLE leavers (
            rollout TEXT NOT NULL REFERENCES rollouts (name),
            device TEXT NOT NULL REFERENCES devices (id),
            wave INTEGER NOT NULL CHECK (wave >= 0),
            PRIMARY KEY (rollout, device)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX leavers_by_device ON leavers (device);
        -- How many there are; kept with every change.
        CREATE TABLE leaver_tallies (
            rollout TEXT NOT NULL,
            wave INTEGER NOT NULL,
            devices INTEGER NOT NULL CHECK (devices >= 0),
            PRIMARY KEY (rollout, wave)
        ) STRICT, WITHOUT ROWID;
        """
}

extension Schema {
    static let migrationScale = """
        -- Changes with every change of rollouts, paused strata and images; one row.
        CREATE TABLE rollouts_version (
            place INTEGER PRIMARY KEY NOT NULL CHECK (place = 1),
            number INTEGER NOT NULL,
            token INTEGER NOT NULL
        ) STRICT;
        INSERT INTO rollouts_version (place, number, token) VALUES (1, 0, 0);

        -- How many attempts of each rollout count alike, and by the values of what failures are
        -- looked for in; kept with every change of an attempt.
        CREATE TABLE attempt_tallies (
            rollout TEXT NOT NULL,
            wave INTEGER NOT NULL,
            standing TEXT NOT NULL,
            -- Of the newest failure; empty for none.
            failure_class TEXT NOT NULL,
            -- Whether it counts, once its moment has come.
            counts INTEGER NOT NULL,
            is_news INTEGER NOT NULL,
            failure_is_news INTEGER NOT NULL,
            devices INTEGER NOT NULL CHECK (devices >= 0),
            PRIMARY KEY
                (rollout, wave, standing, failure_class, counts, is_news, failure_is_news)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE stratum_tallies (
            rollout TEXT NOT NULL,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            -- Proven, or the class of a failure; empty for what counts neither way.
            word TEXT NOT NULL,
            devices INTEGER NOT NULL CHECK (devices >= 0),
            PRIMARY KEY (rollout, name, value, word)
        ) STRICT, WITHOUT ROWID;

        INSERT INTO attempt_tallies (rollout, wave, standing, failure_class, counts, is_news,
                failure_is_news, devices)
            SELECT a.rollout, a.wave, a.standing,
                CASE WHEN a.failure_class IS NULL THEN '' ELSE a.failure_class END,
                CASE WHEN a.standing <> 'proven' AND a.failure_try > 0
                    AND a.counts_from_s IS NOT NULL THEN 1 ELSE 0 END,
                CASE WHEN a.tries > a.forgiven_try THEN 1 ELSE 0 END,
                CASE WHEN a.failure_try > a.forgiven_try THEN 1 ELSE 0 END, count(*)
            FROM attempts a GROUP BY 1, 2, 3, 4, 5, 6, 7;
        INSERT INTO stratum_tallies (rollout, name, value, word, devices)
            SELECT v.rollout, v.name, v.value,
                CASE WHEN a.standing = 'proven' AND a.tries > a.forgiven_try THEN 'proven'
                    WHEN a.standing <> 'proven' AND a.failure_try > a.forgiven_try
                        AND a.counts_from_s IS NOT NULL THEN a.failure_class
                    ELSE '' END, count(*)
            FROM attempts a JOIN attempt_values v ON v.rollout = a.rollout AND v.device = a.device
            GROUP BY 1, 2, 3, 4;

        CREATE INDEX attempts_by_moment ON attempts (rollout, counts_from_s)
            WHERE counts_from_s IS NOT NULL;
        CREATE INDEX attempts_by_class ON attempts (rollout, failure_class, failed_s)
            WHERE failure_class IS NOT NULL;
        CREATE INDEX attempt_values_by_value ON attempt_values (rollout, name, value);
        """
}

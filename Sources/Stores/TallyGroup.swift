internal import Model
internal import Orchestrator
internal import Rollouts

/// What attempts have in common that count alike.
struct TallyGroup: Hashable {
    var wave: Int
    var standing: AttemptRecord.Standing
    /// Of the newest failure.
    var kind: FailureClass?
    /// Whether the newest failure counts once its moment has come.
    var counts: Bool
    /// Whether the newest try was not forgiven.
    var isNews: Bool
    var failureIsNews: Bool

    init(_ attempt: AttemptRecord) {
        wave = attempt.wave
        standing = attempt.standing
        kind = attempt.lastFailure?.kind
        counts = attempt.standing != .proven && attempt.lastFailure?.countsFrom != nil
        isNews = attempt.tries > attempt.forgivenTry
        failureIsNews = (attempt.lastFailure?.tryNumber ?? 0) > attempt.forgivenTry
    }

    /// Reads the columns that ``TallyRows/groups`` gives.
    init(_ row: SQLRow) throws {
        wave = row["wave"]
        standing = try row.value("standing") { AttemptRecord.Standing(rawValue: $0) }
        let word: String = row["failure_class"]
        kind = word.isEmpty ? nil : try row.value("failure_class") { FailureClass(rawValue: $0) }
        counts = row["counts"]
        isNews = row["is_news"]
        failureIsNews = row["failure_is_news"]
    }

    /// What the attempt is in the counts of strata; empty while it counts neither way.
    var word: String {
        if standing == .proven, isNews { return TallyRows.proven }
        return counts && failureIsNews ? kind?.rawValue ?? "" : ""
    }
}

/// The same in SQL, of attempts called `a`.
enum TallyRows {
    /// The word of proofs among the classes of failures.
    static let proven = "proven"

    static let counts = """
        CASE WHEN a.standing <> 'proven' AND a.failure_try > 0 AND a.counts_from_s IS NOT NULL
            THEN 1 ELSE 0 END
        """

    /// One row for each group of those attempts for which a condition holds.
    static func groups(where condition: String) -> String {
        """
        SELECT a.rollout AS rollout, a.wave AS wave, a.standing AS standing,
            CASE WHEN a.failure_class IS NULL THEN '' ELSE a.failure_class END AS failure_class,
            \(counts) AS counts,
            CASE WHEN a.tries > a.forgiven_try THEN 1 ELSE 0 END AS is_news,
            CASE WHEN a.failure_try > a.forgiven_try THEN 1 ELSE 0 END AS failure_is_news,
            count(*) AS devices
        FROM attempts a WHERE a.rollout = ? AND \(condition) GROUP BY 1, 2, 3, 4, 5, 6, 7
        """
    }

    /// One row for each value of each attribute, and for each word, of such attempts.
    static func strata(where condition: String) -> String {
        """
        SELECT v.rollout AS rollout, v.name AS name, v.value AS value,
            CASE WHEN a.standing = 'proven' AND a.tries > a.forgiven_try THEN '\(proven)'
                WHEN \(counts) = 1 AND a.failure_try > a.forgiven_try THEN a.failure_class
                ELSE '' END AS word,
            count(*) AS devices
        FROM attempts a JOIN attempt_values v ON v.rollout = a.rollout AND v.device = a.device
        WHERE a.rollout = ? AND \(condition)
        GROUP BY 1, 2, 3, 4
        """
    }

    /// A failure whose moment has not come; `?` is now.
    static let isPending =
        "a.standing <> 'proven' AND a.failure_try > 0 AND a.counts_from_s > ?"

    /// `?` is the rollout.
    static let isInPausedStratum = """
        a.device IN (SELECT x.device FROM paused_strata p JOIN attempt_values x
            ON x.rollout = p.rollout AND x.name = p.name AND x.value = p.value
            WHERE p.rollout = ? AND p.lifted_s IS NULL)
        """
}

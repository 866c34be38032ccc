import Foundation
import Model
import Rollouts
import Wire

/// The rollouts of a load: all have the same limits, so that nobody has to ask which are which.
enum LoadPlans {
    static let concurrent = 6
    static let perSite = 3

    static func file(_ name: String, version: String, isCareful: Bool) throws -> RolloutFile {
        let approval = isCareful ? #", "approval": "required""# : ""
        let supersedes = isCareful ? "" : #", "supersedes": "older""#
        return try RolloutFile(
            parsing: Array(
                """
                {"rollout": "\(name)", "release": "acme \(version)", "devices": "all", "waves": [
                {"name": "canary", "sample": 4, "strata": ["site"]\(approval)},
                {"name": "half", "percent": "50"}, {"name": "all", "percent": "100"}],
                "gate": {"max_failure_rate": "40%", "min_confirmed": 2, "overdue_after": "2h"},
                "limits": {"concurrent": \(concurrent), "per": {"site": "\(perSite)"},
                "never_together": ["pair"]}\(supersedes)}
                """.utf8), limitBytes: 65_536)
    }
}

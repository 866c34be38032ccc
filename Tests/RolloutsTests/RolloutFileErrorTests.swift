import Model
import Rollouts
import Testing

@Suite struct RolloutFileErrorTests {
    typealias Wave = RolloutFile.Wave

    struct Row: Sendable, CustomTestStringConvertible {
        let path: String
        let problem: RolloutFileError.Problem
        let change: @Sendable (inout RolloutFile) -> Void

        init(
            _ path: String, _ problem: RolloutFileError.Problem,
            _ change: @escaping @Sendable (inout RolloutFile) -> Void
        ) {
            self.path = path
            self.problem = problem
            self.change = change
        }

        var testDescription: String { "\(path): \(problem)" }
    }

    static let members: [Row] = [
        Row("rollout", .malformed(.name, found: "a b")) { $0.rollout = "a b" },
        Row("release", .malformed(.release, found: "acme")) { $0.release = "acme" },
        Row(
            "devices",
            .selector(
                SelectorError(
                    column: 5, expected: "==, !=, <, <=, >, >=, in, not in, like or not like",
                    found: "the end"))
        ) { $0.devices = "site" },
        Row("gate.max_failure_rate", .malformed(.failureRate, found: "0%")) {
            $0.gate.maxFailureRate = "0%"
        },
        Row("gate.max_failure_rate", .malformed(.failureRate, found: "100%")) {
            $0.gate.maxFailureRate = "100%"
        },
        Row("gate.confidence", .malformed(.confidence, found: "49.9999%")) {
            $0.gate.confidence = "49.9999%"
        },
        Row("gate.confidence", .malformed(.confidence, found: "100%")) {
            $0.gate.confidence = "100%"
        },
        Row("gate.confidence", .malformed(.confidence, found: "0.95")) {
            $0.gate.confidence = "0.95"
        },
        Row("gate.min_confirmed", .outOfRange(found: 0, allowed: 1...1_000_000)) {
            $0.gate.minConfirmed = 0
        },
        Row(
            "gate.require",
            .unknownWord(found: "luck", known: ["no_evidence_of_harm", "evidence_of_health"])
        ) { $0.gate.require = "luck" },
        Row("gate.overdue_after", .malformed(.positiveDuration, found: "0s")) {
            $0.gate.overdueAfter = "0s"
        },
        Row("limits.concurrent", .outOfRange(found: 0, allowed: 1...1_000_000)) {
            $0.limits.concurrent = 0
        },
        Row("limits.concurrent", .outOfRange(found: 1_000_001, allowed: 1...1_000_000)) {
            $0.limits.concurrent = 1_000_001
        },
        Row("limits.per.site", .limit(.share(found: "0%"))) { $0.limits.per = ["site": "0%"] },
        Row("limits.per.Site", .limit(.attribute(found: "Site"))) { $0.limits.per = ["Site": "1"] },
        Row("limits.per", .outOfRange(found: 9, allowed: 0...8)) {
            for number in 1...9 { $0.limits.per["a\(number)"] = "1" }
        },
        Row("limits.never_together[1]", .repeated("pair")) {
            $0.limits.neverTogether = ["pair", "pair"]
        },
        Row("limits.window.days", .window(.days(found: "monday"))) {
            $0.limits.window = .init(days: "monday", from: "01:00", to: "05:00", zone: "UTC")
        },
        Row("limits.window.to", .window(.to(found: "25:00"))) {
            $0.limits.window = .init(from: "01:00", to: "25:00", zone: "UTC")
        },
        Row("limits.egress", .limit(.egress(found: "lots"))) { $0.limits.egress = "lots" },
        Row("waves[0].rate", .limit(.startRate(found: "fast"))) {
            $0.waves[0].rate = .init(start: "fast")
        },
        Row("waves[0].rate", .rateWithoutStep) {
            $0.waves[0].rate = .init(start: "1/min", factor: 2)
        },
        Row("retries.max", .outOfRange(found: 21, allowed: 0...20)) {
            $0.retries = .init(max: 21)
        },
        Row("retries.backoff", .malformed(.positiveDuration, found: "0s")) {
            $0.retries = .init(backoff: "0s")
        },
        Row("retries.classes[1]", .repeated("boot")) {
            $0.retries = .init(classes: ["boot", "boot"])
        },
        Row("retries.classes[0]", .unknownWord(found: "bad", known: classes)) {
            $0.retries = .init(classes: ["bad"])
        },
        Row("gate.per_class.bad", .unknownWord(found: "bad", known: classes)) {
            $0.gate.perClass = ["bad": "1%"]
        },
        Row("gate.per_class.boot", .malformed(.failureRate, found: "100%")) {
            $0.gate.perClass = ["boot": "100%"]
        },
        Row("priority", .malformed(.priority, found: "0")) { $0.priority = "0" },
        Row("priority", .malformed(.priority, found: "urgent")) { $0.priority = "urgent" },
        Row("waves", .emergencyWithoutCanary) {
            $0.priority = "emergency"
            $0.waves = [.init(name: "all", percent: "100%")]
        },
        Row("waves", .emergencyWithoutCanary) {
            $0.priority = "emergency"
            $0.waves[0].percent = "11%"
        },
        Row("supersedes", .outOfRange(found: 0, allowed: 1...100)) { $0.supersedes = .named([]) },
        Row("supersedes[1]", .repeated("a")) { $0.supersedes = .named(["a", "a"]) },
        Row("supersedes[0]", .malformed(.name, found: "a b")) { $0.supersedes = .named(["a b"]) },
        Row("revert_to", .revertToWithoutRevert) { $0.revertTo = "acme-gateway 2.4.0" },
        Row("revert_to", .malformed(.release, found: "2.4.0")) {
            $0.onFailure = "revert"
            $0.revertTo = "2.4.0"
        },
        Row("on_failure", .unknownWord(found: "shrug", known: ["pause", "revert"])) {
            $0.onFailure = "shrug"
        },
        Row("expires", .malformed(.positiveDuration, found: "soon")) { $0.expires = "soon" },
        Row("defer_for", .malformed(.duration, found: "-1h")) { $0.deferFor = "-1h" },
        Row("expires", .soaksOutlastLifetime(soaks: .seconds(660), lifetime: .seconds(660))) {
            $0.expires = "11m"
        },
    ]

    static let classes = FailureClass.allCases.map(\.rawValue)

    static let waves: [Row] = [
        Row("waves", .outOfRange(found: 0, allowed: 1...32)) { $0.waves = [] },
        Row("waves", .outOfRange(found: 33, allowed: 1...32)) {
            $0.waves = (1...33).map { Wave(name: "\($0)", percent: "\($0)") }
        },
        Row("waves[0].name", .malformed(.waveName, found: "")) { $0.waves[0].name = "" },
        Row("waves[0].name", .malformed(.waveName, found: "a\tb")) { $0.waves[0].name = "a\tb" },
        Row("waves[1].name", .repeated("early")) { $0.waves[1].name = "early" },
        Row("waves[0]", .notOneTarget([])) { $0.waves[0].percent = nil },
        Row("waves[0]", .notOneTarget(["sample", "percent"])) { $0.waves[0].sample = 5 },
        Row("waves[0].sample", .outOfRange(found: 0, allowed: 1...10_000)) {
            $0.waves[0] = Wave(name: "a", sample: 0)
        },
        Row("waves[0].sample", .outOfRange(found: 10_001, allowed: 1...10_000)) {
            $0.waves[0] = Wave(name: "a", sample: 10_001)
        },
        Row("waves[0].strata", .outOfRange(found: 9, allowed: 0...8)) {
            $0.waves[0] = Wave(name: "a", sample: 5, strata: (1...9).map { "s\($0)" })
        },
        Row("waves[0].strata[1]", .malformed(.attributeName, found: "Site")) {
            $0.waves[0] = Wave(name: "a", sample: 5, strata: ["site", "Site"])
        },
        Row("waves[0].strata[1]", .repeated("site")) {
            $0.waves[0] = Wave(name: "a", sample: 5, strata: ["site", "site"])
        },
        Row("waves[1].strata", .strataWithoutSample) { $0.waves[1].strata = ["site"] },
        Row("waves[1].percent", .malformed(.percentage, found: "101%")) {
            $0.waves[1].percent = "101%"
        },
        Row("waves[1].percent", .wavesShrink(earlier: "5%", later: "5%")) {
            $0.waves[1].percent = "5"
        },
        Row("waves[1].percent", .wavesShrink(earlier: "5%", later: "2.5%")) {
            $0.waves[1].percent = "2.5%"
        },
        Row("waves[1].sample", .wavesShrink(earlier: "50 devices", later: "50 devices")) {
            $0.waves = [Wave(name: "a", sample: 50), Wave(name: "b", sample: 50)]
        },
        Row("waves[1].sample", .sampleAfterOther(wave: "early")) {
            $0.waves[1] = Wave(name: "b", sample: 50)
        },
        Row("waves[2].percent", .wavesShrink(earlier: "5%", later: "4%")) {
            $0.waves.insert(Wave(name: "friends", list: ["gw-1"]), at: 1)
            $0.waves[2].percent = "4"
        },
        Row("waves[0].count", .outOfRange(found: 0, allowed: 1...10_000)) {
            $0.waves[0] = Wave(name: "a", count: 0)
        },
        Row("waves[0].list[1]", .malformed(.name, found: "gw 2")) {
            $0.waves[0] = Wave(name: "a", list: ["gw-1", "gw 2"])
        },
        Row("waves[0].list[1]", .repeated("gw-1")) {
            $0.waves[0] = Wave(name: "a", list: ["gw-1", "gw-1"])
        },
        Row("waves[0]", .notOneTarget(["count", "devices", "list"])) {
            $0.waves[0] = Wave(name: "a", count: 1, devices: "all", list: ["gw-1"])
        },
        Row(
            "waves[0].devices",
            .selector(
                SelectorError(
                    column: 9, expected: "a text in double quotes", found: "the end"))
        ) { $0.waves[0] = Wave(name: "a", devices: "site == ") },
        Row("waves[0].approval", .unknownWord(found: "maybe", known: ["required", "none"])) {
            $0.waves[0].approval = "maybe"
        },
        Row("waves[0].soak", .malformed(.duration, found: "1")) { $0.waves[0].soak = "1" },
    ]

    @Test(arguments: members + waves + checks)
    func refusesWithPathAndProblem(row: Row) {
        #expect(throws: RolloutFileError(path: row.path, problem: row.problem)) {
            try RolloutSpec(.plain.with(row.change))
        }
    }

    @Test func saysWhatWasExpectedAndWhatWasThere() {
        #expect(
            "\(RolloutFileError(path: "revert_to", problem: .revertToWithoutRevert))"
                == "revert_to: expected only beside on_failure: revert")
        #expect(
            "\(RolloutFileError(path: "waves[1].percent", problem: .wavesShrink(earlier: "5%", later: "2%")))"
                == "waves[1].percent: expected more than the 5% of an earlier wave, found 2%")
        let long = RolloutFileError(
            path: "rollout", problem: .malformed(.name, found: String(repeating: "\n", count: 500)))
        #expect("\(long)".utf8.count < 200)
        #expect(!"\(long)".contains("\n"))
    }
}

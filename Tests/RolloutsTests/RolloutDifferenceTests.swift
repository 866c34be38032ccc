import Model
import Rollouts
import Testing

@Suite struct RolloutDifferenceTests {
    static let file = RolloutFile(
        rollout: "r", release: "acme 1", devices: "all",
        waves: [
            .init(name: "canary", sample: 5, strata: ["carrier"], soak: "1h"),
            .init(
                name: "fleet", percent: "100",
                rate: .init(start: "1/min", factor: 2, every: "5 confirmed", max: "9/min")),
        ],
        gate: .init(
            maxFailureRate: "2%", confidence: "95%", minConfirmed: 1, require: "a",
            overdueAfter: "2h", perClass: ["boot": "1%"],
            checks: [
                .init(name: "errors", prometheus: "up", pass: "> 0", every: "1m", timeout: "5s"),
                .init(name: "qa", webhook: "https://qa/gate"),
            ]),
        limits: .init(
            concurrent: 5, per: ["site": "25%"], neverTogether: ["ha_pair"],
            window: .init(days: "mon-fri", from: "01:00", to: "05:00", zone: "device"),
            egress: "1 GB/day"),
        retries: .init(max: 3, backoff: "10m", classes: ["boot"]), priority: "5",
        supersedes: .older, onFailure: "pause", revertTo: "acme 0", expires: "14d", deferFor: "6h")

    struct Change: Sendable, CustomTestStringConvertible {
        let path: String
        let before: String?
        let after: String?
        let make: @Sendable (inout RolloutFile) -> Void

        init(
            _ path: String, _ before: String?, _ after: String?,
            _ make: @escaping @Sendable (inout RolloutFile) -> Void
        ) {
            (self.path, self.before, self.after, self.make) = (path, before, after, make)
        }

        var testDescription: String { path }
    }

    static let changes: [Change] = [
        Change("rollout", "r", "s") { $0.rollout = "s" },
        Change("release", "acme 1", "acme 2") { $0.release = "acme 2" },
        Change("devices", "all", "not all") { $0.devices = "not all" },
        Change(#"waves["canary"].sample"#, "5", nil) { $0.waves[0].sample = nil },
        Change(#"waves["canary"].strata"#, "carrier", "carrier, board") {
            $0.waves[0].strata.append("board")
        },
        Change(#"waves["canary"].soak"#, "1h", "2h") { $0.waves[0].soak = "2h" },
        Change(#"waves["canary"].count"#, nil, "3") { $0.waves[0].count = 3 },
        Change(#"waves["canary"].approval"#, nil, "required") { $0.waves[0].approval = "required" },
        Change(#"waves["canary"].devices"#, nil, "all") { $0.waves[0].devices = "all" },
        Change(#"waves["canary"].list"#, nil, "a, b") { $0.waves[0].list = ["a", "b"] },
        Change(#"waves["fleet"].percent"#, "100", "50") { $0.waves[1].percent = "50" },
        Change(#"waves["fleet"].rate.start"#, "1/min", "2/min") {
            $0.waves[1].rate?.start = "2/min"
        },
        Change(#"waves["fleet"].rate.factor"#, "2", "3") { $0.waves[1].rate?.factor = 3 },
        Change(#"waves["fleet"].rate.every"#, "5 confirmed", nil) { $0.waves[1].rate?.every = nil },
        Change(#"waves["fleet"].rate.max"#, "9/min", nil) { $0.waves[1].rate?.max = nil },
        Change("gate.max_failure_rate", "2%", "3%") { $0.gate.maxFailureRate = "3%" },
        Change(#"gate.checks["errors"].prometheus"#, "up", "down") {
            $0.gate.checks[0].prometheus = "down"
        },
        Change(#"gate.checks["errors"].pass"#, "> 0", nil) { $0.gate.checks[0].pass = nil },
        Change(#"gate.checks["errors"].every"#, "1m", "2m") { $0.gate.checks[0].every = "2m" },
        Change(#"gate.checks["errors"].timeout"#, "5s", nil) { $0.gate.checks[0].timeout = nil },
        Change(#"gate.checks["qa"].webhook"#, "https://qa/gate", "https://qa/other") {
            $0.gate.checks[1].webhook = "https://qa/other"
        },
        Change(#"gate.checks["qa"].command"#, nil, "x") { $0.gate.checks[1].command = "x" },
        Change("gate.checks", "errors, qa", "qa, errors") { $0.gate.checks.swapAt(0, 1) },
        Change("gate.confidence", "95%", "90%") { $0.gate.confidence = "90%" },
        Change("gate.min_confirmed", "1", "2") { $0.gate.minConfirmed = 2 },
        Change("gate.require", "a", "b") { $0.gate.require = "b" },
        Change("gate.overdue_after", "2h", "3h") { $0.gate.overdueAfter = "3h" },
        Change("gate.per_class.boot", "1%", "2%") { $0.gate.perClass["boot"] = "2%" },
        Change("retries.max", "3", "4") { $0.retries?.max = 4 },
        Change("retries.backoff", "10m", nil) { $0.retries?.backoff = nil },
        Change("retries.classes", "boot", "boot, health") { $0.retries?.classes.append("health") },
        Change("priority", "5", "emergency") { $0.priority = "emergency" },
        Change("supersedes", "older", "a, b") { $0.supersedes = .named(["a", "b"]) },
        Change("revert_to", "acme 0", nil) { $0.revertTo = nil },
        Change("limits.concurrent", "5", nil) { $0.limits.concurrent = nil },
        Change("limits.per.site", "25%", "3") { $0.limits.per["site"] = "3" },
        Change("limits.per.rack", nil, "1") { $0.limits.per["rack"] = "1" },
        Change("limits.never_together", "ha_pair", nil) { $0.limits.neverTogether = [] },
        Change("limits.window.days", "mon-fri", nil) { $0.limits.window?.days = nil },
        Change("limits.window.from", "01:00", "02:00") { $0.limits.window?.from = "02:00" },
        Change("limits.window.to", "05:00", "06:00") { $0.limits.window?.to = "06:00" },
        Change("limits.window.zone", "device", "site") { $0.limits.window?.zone = "site" },
        Change("limits.egress", "1 GB/day", "2 GB/day") { $0.limits.egress = "2 GB/day" },
        Change("on_failure", "pause", "revert") { $0.onFailure = "revert" },
        Change("expires", "14d", nil) { $0.expires = nil },
        Change("defer_for", "6h", "0s") { $0.deferFor = "0s" },
    ]

    @Test(arguments: changes)
    func tellsTheOneMemberThatChanged(change: Change) throws {
        let found = Self.file.differences(to: Self.file.with(change.make))
        let only = try #require(found.first)
        #expect(found.count == 1)
        #expect(only.path == change.path)
        #expect(only.before == change.before)
        #expect(only.after == change.after)
    }

    @Test func findsNothingInEqualFiles() {
        #expect(Self.file.differences(to: Self.file).isEmpty)
        #expect(RolloutFile.plain.differences(to: .plain).isEmpty)
    }

    /// A member that is added to the file must be added to the comparison, and to the table.
    @Test func knowsEveryMemberOfTheFile() {
        func members(_ value: Any) -> Set<String> {
            Set(Mirror(reflecting: value).children.compactMap(\.label))
        }
        let parts: [Any] = [
            Self.file, Self.file.waves[0], RolloutFile.Rate(start: ""), Self.file.gate,
            Self.file.gate.checks[0], Self.file.limits,
            RolloutFile.Window(from: "", to: "", zone: ""), RolloutFile.Retries(),
        ]
        // Those that are parts themselves, and the names by which waves and checks are compared.
        let containers = 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1
        let leaves = parts.reduce(0) { $0 + members($1).count } - containers
        // `limits.per` is there twice.
        #expect(Set(Self.changes.map(\.path)).count == leaves + 1)
    }

    @Test func comparesWavesByName() {
        let later = Self.file.with { $0.waves.insert(.init(name: "early", percent: "5"), at: 1) }
        #expect(
            Self.file.differences(to: later).map(\.description) == [
                #"waves: "canary, fleet", now "canary, early, fleet""#,
                #"waves["early"].percent: now "5""#,
            ])
        #expect(
            later.differences(to: Self.file).map(\.description) == [
                #"waves: "canary, early, fleet", now "canary, fleet""#,
                #"waves["early"].percent: no longer "5""#,
            ])
        let swapped = Self.file.with { $0.waves.swapAt(0, 1) }
        #expect(Self.file.differences(to: swapped).map(\.path) == ["waves"])
    }

    @Test func comparesWavesOfOneNameByNumber() {
        let twice = Self.file.with { $0.waves[1].name = "canary" }
        let later = twice.with { $0.waves[1].percent = "9" }
        #expect(twice.differences(to: later).map(\.path) == ["waves[1].percent"])
    }

    @Test func textsThatOnlyLookAlikeDiffer() {
        let one = Self.file.with { $0.devices = "id == \"\u{E9}\"" }
        let other = Self.file.with { $0.devices = "id == \"e\u{301}\"" }
        #expect(one.differences(to: other).map(\.path) == ["devices"])
        let joined = Self.file.with { $0.waves[0].strata = ["a, b"] }
        let apart = Self.file.with { $0.waves[0].strata = ["a", "b"] }
        #expect(joined.differences(to: apart).count == 1)
    }

    @Test func showsLongTextsFromWhereTheyPart() {
        let same = String(repeating: "x", count: 100)
        let one = Self.file.with { $0.devices = same + "1" }
        let other = Self.file.with { $0.devices = same + "2" }
        let end = String(repeating: "x", count: 40)
        #expect(
            one.differences(to: other).map(\.description) == [
                "devices: …\"\(end)1\", now …\"\(end)2\""
            ])
    }
}

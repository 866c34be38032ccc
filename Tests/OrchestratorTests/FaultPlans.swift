import Model
import Rollouts

/// Rollout files with all limits, from a seed.
enum FaultPlans {
    /// Zones of the tests' devices that never change their clocks, in hours ahead of UTC.
    static let zoneHours = ["UTC": 0, "Etc/GMT-5": 5, "Etc/GMT+3": -3]

    static func file(
        _ name: String, version: String, _ random: inout SeededGenerator
    ) -> RolloutFile {
        RolloutFile(
            rollout: name, release: "acme \(version)", devices: "not tag(\"lab\")",
            waves: waves(&random), gate: gate(&random), limits: limits(&random),
            retries: RolloutFile.Retries(
                max: Int.random(in: 0...4, using: &random), backoff: "20s",
                classes: ["download", "install", "overdue", "health"]),
            onFailure: Bool.random(using: &random) ? "pause" : "revert")
    }

    private static func waves(_ random: inout SeededGenerator) -> [RolloutFile.Wave] {
        let growing = RolloutFile.Rate(
            start: "4/min", factor: 2, every: "4 confirmed", max: "20/min")
        var waves = [
            RolloutFile.Wave(
                name: "canary", sample: Int.random(in: 2...4, using: &random), strata: ["site"],
                soak: "40s",
                approval: Int.random(in: 0..<3, using: &random) == 0 ? "required" : nil,
                rate: Bool.random(using: &random) ? RolloutFile.Rate(start: "3/min") : nil),
            RolloutFile.Wave(
                name: "half", percent: "50", soak: "20s",
                rate: Bool.random(using: &random) ? growing : nil),
        ]
        waves.append(
            RolloutFile.Wave(
                name: "all", percent: "100",
                rate: Bool.random(using: &random) ? growing : nil))
        return waves
    }

    private static func gate(_ random: inout SeededGenerator) -> RolloutFile.Gate {
        RolloutFile.Gate(
            maxFailureRate: ["10%", "40%", "75%"].randomElement(using: &random),
            confidence: ["55%", "90%"].randomElement(using: &random),
            minConfirmed: [nil, 1, 2].randomElement(using: &random) ?? nil, overdueAfter: "150s",
            perClass: Bool.random(using: &random) ? ["download": "60%"] : [:])
    }

    private static func limits(_ random: inout SeededGenerator) -> RolloutFile.Limits {
        let windows: [RolloutFile.Window?] = [
            nil, nil, nil, .init(from: "06:00", to: "18:00", zone: "UTC"),
            .init(from: "22:00", to: "16:00", zone: "device"),
        ]
        return RolloutFile.Limits(
            concurrent: [1, 3, 5, 12].randomElement(using: &random),
            per: ["site": ["25%", "40%", "2"].randomElement(using: &random) ?? "1"],
            neverTogether: ["pair"], window: windows.randomElement(using: &random) ?? nil,
            egress: [nil, "4 kB/hour", "9 kB/day"].randomElement(using: &random) ?? nil)
    }

    static func attributes(_ number: Int, _ random: inout SeededGenerator) throws -> Attributes {
        var values = [
            "site": "s\(Int.random(in: 0..<5, using: &random))", "pair": "p\(number / 2)",
            "board": ["A", "B", "C"][number % 3],
        ]
        values["timezone"] = zoneHours.keys.sorted().randomElement(using: &random)
        if Int.random(in: 0..<12, using: &random) == 0 { values["timezone"] = nil }
        if Int.random(in: 0..<20, using: &random) == 0 { values["tags"] = "lab" }
        return try Attributes(values)
    }
}

internal import Model

/// Rollout files with all limits, as people write them.
extension Luck {
    mutating func rolloutFile(
        _ name: String, release: ReleaseID, deviceCount: Int, mayRevert: Bool
    ) -> RolloutFile {
        RolloutFile(
            rollout: name, release: "\(release)", devices: "all", waves: waves(deviceCount),
            gate: gate(deviceCount), limits: limits(deviceCount),
            retries: RolloutFile.Retries(
                max: Int(number(0...4, "plans")), backoff: "5m",
                classes: ["download", "install", "overdue", "health", "boot"]),
            supersedes: happens(2, in: 3, "plans") ? .older : nil,
            onFailure: mayRevert && happens(1, in: 3, "plans") ? "revert" : "pause",
            expires: "14d")
    }

    private mutating func waves(_ deviceCount: Int) -> [RolloutFile.Wave] {
        [
            RolloutFile.Wave(
                name: "canary", sample: min(deviceCount, Int(number(2...4, "plans"))),
                strata: ["site"], soak: choice(["5m", "20m", "1h"], "plans"),
                approval: happens(1, in: 4, "plans") ? "required" : nil),
            RolloutFile.Wave(
                name: "half", percent: "50", soak: choice(["5m", "20m", "1h"], "plans"),
                rate: happens(1, in: 4, "plans") ? RolloutFile.Rate(start: "1/min") : nil),
            RolloutFile.Wave(name: "all", percent: "100"),
        ]
    }

    private mutating func gate(_ deviceCount: Int) -> RolloutFile.Gate {
        RolloutFile.Gate(
            maxFailureRate: choice(["10%", "40%", "75%"], "plans"),
            confidence: choice(["60%", "80%", "95%"], "plans"),
            minConfirmed: choice(deviceCount > 2 ? [nil, 1, 2] : [nil, 1], "plans"),
            overdueAfter: "1h")
    }

    private mutating func limits(_ deviceCount: Int) -> RolloutFile.Limits {
        let windows: [RolloutFile.Window?] = [
            nil, nil, nil, nil, .init(from: "06:00", to: "18:00", zone: "UTC"),
            .init(from: "22:00", to: "16:00", zone: "device"),
        ]
        return RolloutFile.Limits(
            concurrent: deviceCount > 30
                ? Int(number(10...30, "plans")) : choice([1, 3, 5, 12], "plans"),
            per: happens(1, in: 2, "plans")
                ? ["site": choice(["25%", "50%", "2"], "plans")] : [:],
            neverTogether: happens(1, in: 2, "plans") ? ["pair"] : [],
            window: choice(windows, "plans"))
    }
}

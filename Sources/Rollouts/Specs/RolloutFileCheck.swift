internal import Model

/// Turns the members of a rollout file into values, one function for each member.
struct RolloutFileCheck {
    let file: RolloutFile
    let cohorts: CohortSource

    static let waveCount = 1...32
    static let sampleCount = 1...10_000
    static let strataCount = 0...8
    static let concurrentCount = 1...1_000_000
    static let confirmedCount = 1...1_000_000

    func name() throws(RolloutFileError) -> RolloutName {
        guard let name = RolloutName(file.rollout) else {
            throw Self.malformed("rollout", .name, file.rollout)
        }
        return name
    }

    func release() throws(RolloutFileError) -> ReleaseID {
        guard let release = ReleaseID(file.release) else {
            throw Self.malformed("release", .release, file.release)
        }
        return release
    }

    func selector() throws(RolloutFileError) -> Selector {
        do { return try Selector(file.devices, cohorts: cohorts) } catch {
            throw RolloutFileError(path: "devices", problem: .selector(error))
        }
    }

    func gate() throws(RolloutFileError) -> GateSpec {
        let gate = file.gate
        return GateSpec(
            maxFailureRate: try Self.share(
                gate.maxFailureRate ?? "2%", 1..<1_000_000, .failureRate,
                "gate.max_failure_rate"),
            confidence: try Self.share(
                gate.confidence ?? "95%", 500_000..<1_000_000, .confidence, "gate.confidence"),
            minConfirmed: try gate.minConfirmed.map { count throws(RolloutFileError) in
                try Self.number(count, Self.confirmedCount, "gate.min_confirmed")
            },
            require: try Self.requirement(gate.require),
            overdueAfter: try Self.duration(
                gate.overdueAfter ?? "2h", atLeast: .seconds(1), "gate.overdue_after"),
            classRates: try classRates(), checks: try checks())
    }

    /// A rollout that soaks for all its life would always expire before it completes.
    func lifetime(of waves: [WaveSpec]) throws(RolloutFileError) -> Duration {
        let lifetime = try Self.duration(file.expires ?? "14d", atLeast: .seconds(1), "expires")
        let soaks = waves.reduce(.zero) { $0 + $1.soak }
        guard soaks < lifetime else {
            throw RolloutFileError(
                path: "expires", problem: .soaksOutlastLifetime(soaks: soaks, lifetime: lifetime))
        }
        return lifetime
    }

    /// A day, where the file says nothing: nobody at a device holds a wave up for ever.
    func deferFor() throws(RolloutFileError) -> Duration {
        try Self.duration(file.deferFor ?? "24h", atLeast: .zero, "defer_for")
    }
}

extension RolloutFileCheck {
    static func malformed(
        _ path: String, _ form: RolloutFileError.Form, _ found: String
    ) -> RolloutFileError {
        RolloutFileError(path: path, problem: .malformed(form, found: found))
    }

    static func number(
        _ number: Int, _ allowed: ClosedRange<Int>, _ path: String
    ) throws(RolloutFileError) -> Int {
        guard allowed.contains(number) else {
            throw RolloutFileError(
                path: path, problem: .outOfRange(found: number, allowed: allowed))
        }
        return number
    }

    static func duration(
        _ text: String, atLeast minimum: Duration, _ path: String
    ) throws(RolloutFileError) -> Duration {
        guard let duration = DurationText.parse(text), duration >= minimum else {
            throw malformed(path, minimum > .zero ? .positiveDuration : .duration, text)
        }
        return duration
    }

    static func share(
        _ text: String, _ millionths: Range<UInt64>, _ form: RolloutFileError.Form, _ path: String
    ) throws(RolloutFileError) -> Double {
        guard let percentage = Percentage(text), millionths.contains(percentage.millionths) else {
            throw malformed(path, form, text)
        }
        return percentage.fraction
    }

    private static func requirement(
        _ word: String?
    ) throws(RolloutFileError) -> GateSpec.Requirement {
        guard let word else { return .noEvidenceOfHarm }
        guard let requirement = GateSpec.Requirement(rawValue: word) else {
            let known = GateSpec.Requirement.allCases.map(\.rawValue)
            throw RolloutFileError(
                path: "gate.require", problem: .unknownWord(found: word, known: known))
        }
        return requirement
    }
}

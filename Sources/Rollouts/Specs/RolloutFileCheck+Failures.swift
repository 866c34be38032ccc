internal import Model

/// What becomes of devices that fail, and of other rollouts.
extension RolloutFileCheck {
    private static let supersedeCount = 1...100

    func retries() throws(RolloutFileError) -> RetryPolicy {
        guard let retries = file.retries else { return .none }
        var classes: Set<FailureClass> = []
        for (index, word) in retries.classes.enumerated() {
            let path = "retries.classes[\(index)]"
            guard classes.insert(try Self.failureClass(word, path)).inserted else {
                throw RolloutFileError(path: path, problem: .repeated(word))
            }
        }
        return RetryPolicy(
            max: try Self.number(retries.max ?? 3, RetryPolicy.maximumCounts, "retries.max"),
            backoff: try Self.duration(
                retries.backoff ?? "10m", atLeast: .seconds(1), "retries.backoff"),
            classes: retries.classes.isEmpty ? RetryPolicy.defaultClasses : classes)
    }

    func classRates() throws(RolloutFileError) -> [FailureClass: Double] {
        var rates: [FailureClass: Double] = [:]
        for (word, rate) in file.gate.perClass.sorted(by: { $0.key < $1.key }) {
            let path = "gate.per_class.\(word)"
            rates[try Self.failureClass(word, path)] = try Self.share(
                rate, 1..<1_000_000, .failureRate, path)
        }
        return rates
    }

    private static func failureClass(
        _ word: String, _ path: String
    ) throws(RolloutFileError) -> FailureClass {
        guard let kind = FailureClass(rawValue: word) else {
            throw RolloutFileError(
                path: path,
                problem: .unknownWord(
                    found: word, known: FailureClass.allCases.map(\.rawValue)))
        }
        return kind
    }

    /// What is urgent is still tried on a few devices first.
    func priority(of waves: [WaveSpec]) throws(RolloutFileError) -> RolloutPriority {
        guard let text = file.priority else { return .standard }
        guard let priority = RolloutPriority(text) else {
            throw Self.malformed("priority", .priority, text)
        }
        guard priority == .emergency else { return priority }
        guard waves.count >= 2, waves.first?.mayBeCanary == true else {
            throw RolloutFileError(path: "waves", problem: .emergencyWithoutCanary)
        }
        return priority
    }

    func supersedes() throws(RolloutFileError) -> SupersedeRule {
        switch file.supersedes {
        case nil: return .none
        case .older: return .older
        case .named(let names):
            _ = try Self.number(names.count, Self.supersedeCount, "supersedes")
            var rollouts: Set<RolloutName> = []
            for (index, text) in names.enumerated() {
                let path = "supersedes[\(index)]"
                guard let name = RolloutName(text) else { throw Self.malformed(path, .name, text) }
                guard rollouts.insert(name).inserted else {
                    throw RolloutFileError(path: path, problem: .repeated(text))
                }
            }
            return .named(rollouts.sorted())
        }
    }

    func failureAction() throws(RolloutFileError) -> FailureAction {
        guard let word = file.onFailure else { return .pause }
        guard let action = FailureAction(rawValue: word) else {
            throw RolloutFileError(
                path: "on_failure",
                problem: .unknownWord(
                    found: word, known: FailureAction.allCases.map(\.rawValue)))
        }
        return action
    }

    func revertTo() throws(RolloutFileError) -> ReleaseID? {
        guard let text = file.revertTo else { return nil }
        guard try failureAction() == .revert else {
            throw RolloutFileError(path: "revert_to", problem: .revertToWithoutRevert)
        }
        guard let release = ReleaseID(text) else {
            throw Self.malformed("revert_to", .release, text)
        }
        return release
    }
}

extension WaveSpec {
    /// Of what it may reach, an emergency's first wave takes so much at most.
    static let largestCanary = Percentage(millionths: 100_000)

    /// Whether it is a small part of any large fleet; how many devices it has, planning checks.
    fileprivate var mayBeCanary: Bool {
        switch target {
        case .sample, .list: true
        case .percent(let share): Self.largestCanary.map { share <= $0 } ?? false
        case .devices: false
        }
    }
}

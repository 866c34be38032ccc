/// The first thing that is wrong with a rollout file.
public struct RolloutFileError: Error, Hashable, Sendable {
    /// Where, in the words of the file, such as `waves[1].percent`; the first wave is `waves[0]`.
    public let path: String
    public let problem: Problem

    public init(path: String, problem: Problem) {
        self.path = path
        self.problem = problem
    }

    public enum Problem: Hashable, Sendable {
        case malformed(Form, found: String)
        case outOfRange(found: Int, allowed: ClosedRange<Int>)
        case selector(SelectorError)
        /// Each wave, or each stratum of a wave, needs a name of its own.
        case repeated(String)
        /// A wave says in no way how far it reaches, or in these ways at once.
        case notOneTarget([String])
        case strataWithoutSample
        /// The later wave would not reach further than the earlier one.
        case wavesShrink(earlier: String, later: String)
        /// Samples come before all other waves, such as this one.
        case sampleAfterOther(wave: String)
        case unknownWord(found: String, known: [String])
        case limit(LimitError)
        case window(WindowError)
        case check(OutsideCheckError)
        /// `factor` and `every` belong together.
        case rateWithoutStep
        /// An emergency rollout that would reach everybody in its first wave.
        case emergencyWithoutCanary
        /// `revert_to` says nothing unless something is reverted.
        case revertToWithoutRevert
        /// The soaks alone take at least as long as the rollout may live.
        case soaksOutlastLifetime(soaks: Duration, lifetime: Duration)
    }

    /// What a text in a rollout file has to be.
    public enum Form: Hashable, Sendable {
        case name
        case release
        case waveName
        case attributeName
        case percentage
        case failureRate
        case confidence
        case duration
        case positiveDuration
        case priority
    }
}

extension RolloutFileError: CustomStringConvertible {
    public var description: String { "\(path): \(problem)" }
}

extension RolloutFileError.Problem: CustomStringConvertible {
    /// One clause that says what was expected and what was there.
    public var description: String {
        switch self {
        case .malformed(let form, let found):
            "expected \(form), found \(Quotation.of(found))"
        case .outOfRange(let found, let allowed):
            "expected \(allowed.lowerBound) to \(allowed.upperBound), found \(found)"
        case .selector(let error): "\(error)"
        case .repeated(let name):
            "expected a name that was not used before, found \(Quotation.of(name)) again"
        case .notOneTarget(let found):
            "expected one of sample, count, percent, devices and list, found "
                + (found.isEmpty ? "none" : found.joined(separator: " and "))
        case .strataWithoutSample: "expected strata only beside sample, found them beside percent"
        case .wavesShrink(let earlier, let later):
            "expected more than the \(earlier) of an earlier wave, found \(later)"
        case .sampleAfterOther(let wave):
            "expected samples and counts before other waves, found one after "
                + Quotation.of(wave)
        case .limit(let error): "\(error)"
        case .window(let error): "\(error)"
        case .check(let error): "\(error)"
        case .rateWithoutStep: "expected factor and every together, found one of them"
        case .unknownWord(let found, let known):
            "expected \(known.joined(separator: " or ")), found \(Quotation.of(found))"
        case .emergencyWithoutCanary:
            "expected a small wave first (a sample, a count, a list or at most 10%) and another"
                + " after it: an emergency has a canary, too"
        case .revertToWithoutRevert: "expected only beside on_failure: revert"
        case .soaksOutlastLifetime(let soaks, let lifetime):
            "expected longer than the \(DurationText.write(soaks)) that the waves soak, "
                + "found \(DurationText.write(lifetime))"
        }
    }
}

extension RolloutFileError.Form: CustomStringConvertible {
    public var description: String {
        switch self {
        case .name: "a name of 1 to 64 letters, digits or . _ : -"
        case .release: "a release such as acme-gateway 2.4.1"
        case .waveName: "a name of 1 to 64 bytes without control characters"
        case .attributeName: "an attribute name (a-z, then a-z, 0-9 or _; at most 64)"
        case .percentage: "a percentage such as 2.5%, more than 0% and at most 100%"
        case .failureRate: "a percentage such as 2%, more than 0% and less than 100%"
        case .confidence: "a percentage such as 95%, from 50% and less than 100%"
        case .duration: "a duration such as 90s, 30m, 24h or 14d, at most 366d"
        case .positiveDuration: "a duration such as 90s, 30m, 24h or 14d, from 1s to 366d"
        case .priority: "a priority from 1 to 9, or emergency"
        }
    }
}

public import Model

/// How many devices failed, by the class of their newest failure.
public struct FailureCounts: Hashable, Sendable {
    private var counts: [FailureClass: Int]

    public static let none = FailureCounts([:])

    /// - Precondition: No count is negative.
    public init(_ counts: [FailureClass: Int]) {
        precondition(counts.values.allSatisfy { $0 >= 0 }, "devices are counted from 0")
        self.counts = counts.filter { $0.value > 0 }
    }

    public subscript(kind: FailureClass) -> Int { counts[kind] ?? 0 }

    public var total: Int { counts.values.reduce(0, +) }

    /// Of these classes alone.
    public func total(of classes: Set<FailureClass>) -> Int {
        counts.reduce(0) { classes.contains($1.key) ? $0 + $1.value : $0 }
    }

    public static func + (left: FailureCounts, right: FailureCounts) -> FailureCounts {
        FailureCounts(left.counts.merging(right.counts, uniquingKeysWith: +))
    }
}

extension FailureCounts: CustomStringConvertible {
    /// Such as `2 health, 1 overdue`, from the earliest step to the latest.
    public var description: String {
        FailureClass.allCases.filter { self[$0] > 0 }.map { "\(self[$0]) \($0.rawValue)" }
            .joined(separator: ", ")
    }
}

/// What is known of a rollout's devices at one moment.
///
/// A device counts once, by its newest try. What was forgiven counts nowhere but in
/// ``provenInWave``. Which devices an open wave reaches is a matter of
/// ``RolloutPlan/wave(of:bucket:in:)`` while they are undecided; a decided device keeps counting
/// though the selector may no longer pick it.
public struct WaveEvidence: Hashable, Sendable {
    /// Devices of the whole rollout so far that have proven the release.
    public let proven: Int
    /// Devices of the whole rollout so far that failed, were rolled back, or are overdue.
    public let failures: FailureCounts
    /// Proven devices that the open wave or one before it reaches.
    public let provenInWave: Int
    /// Candidates that the open wave reaches, that are alive, hold a lease or are to be tried
    /// again, and that have neither proven the release nor failed.
    ///
    /// Those that were not tried are counted up to ``mostUntried`` only.
    public let undecided: Int
    /// Devices that the plan counted in the open wave or one before it, and that left the fleet
    /// before they had proven the release.
    public let left: Int
    /// Whether somebody other than the author has approved the open wave since it opened.
    public let isApproved: Bool
    /// How many devices that were offered nothing went silent meanwhile; `nil` when nobody looked.
    public let control: OverdueGrading.Control?
    /// The newest answer of each outside check that was asked about the wave while it was open.
    public let outside: [CheckName: AskedAnswer]

    /// Who would know how many devices of a large fleet were not tried has to ask each of them.
    public static let mostUntried = 1000

    public init(
        proven: Int, failures: FailureCounts, provenInWave: Int, undecided: Int,
        left: Int = 0, isApproved: Bool = false, control: OverdueGrading.Control? = nil,
        outside: [CheckName: AskedAnswer] = [:]
    ) {
        precondition(
            proven >= 0 && provenInWave >= 0 && undecided >= 0 && left >= 0,
            "devices are counted from 0")
        self.proven = proven
        self.failures = failures
        self.provenInWave = provenInWave
        self.undecided = undecided
        self.left = left
        self.isApproved = isApproved
        self.control = control
        self.outside = outside
    }
}

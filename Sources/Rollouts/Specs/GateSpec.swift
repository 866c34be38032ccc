public import Model

/// The rule between two waves.
public struct GateSpec: Hashable, Sendable {
    /// The share of failing devices that is still acceptable; more than 0, less than 1.
    public let maxFailureRate: Double
    /// How sure a verdict has to be; from 0.5, less than 1.
    public let confidence: Double
    /// The fewest proven devices that open the next wave, 1 to 1,000,000; `nil` for the default.
    public let minConfirmed: Int?
    public let require: Requirement
    /// After how long a silence a device with an offer has failed; at least a second.
    public let overdueAfter: Duration
    /// Of classes that are counted by themselves, the share that is still acceptable.
    ///
    /// Their failures count neither for nor against ``maxFailureRate``.
    public let classRates: [FailureClass: Double]
    /// Questions to somebody outside, by whose answers the gate goes, too; at most 8.
    public let checks: [OutsideCheck]

    /// What has to be known before the next wave opens.
    public enum Requirement: String, Hashable, Sendable, CaseIterable {
        /// It is enough that nothing speaks against the release.
        case noEvidenceOfHarm = "no_evidence_of_harm"
        /// The failure rate has to be shown to be below the acceptable one.
        case evidenceOfHealth = "evidence_of_health"
    }

    /// No default asks for more proven devices than this.
    public static let largestDefaultConfirmed = 20

    /// How many devices have to be proven before a wave is followed by the next.
    ///
    /// By default more than half of those that the wave reaches, but at most 20: half of a group is
    /// never enough, however small the group is.
    ///
    /// - Parameter devices: Those that the wave and all before it reached at planning, without those
    ///   that left the fleet since and had proven nothing.
    public func confirmations(amongReached devices: Int) -> Int {
        minConfirmed ?? min(Self.largestDefaultConfirmed, devices / 2 + 1)
    }

    /// The classes whose failures count against ``maxFailureRate``.
    public var mainClasses: Set<FailureClass> {
        Set(FailureClass.allCases).subtracting(classRates.keys)
    }

    /// The classes whose failures may be laid at the door of one kind of device.
    ///
    /// Silence says nothing of the kind: a site without power is silent, too.
    public var attributedClasses: Set<FailureClass> { mainClasses.subtracting([.overdue]) }
}

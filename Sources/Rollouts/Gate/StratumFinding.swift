/// Devices of one stratum fail more often than the gate accepts, and more often than the others.
public struct StratumFinding: Hashable, Sendable {
    public let stratum: Stratum
    /// The devices of the stratum.
    public let devices: DecidedCount
    /// The devices outside it, and outside the strata that were found before it.
    public let elsewhere: DecidedCount
    /// The natural logarithm of the evidence that the stratum fails more often than is acceptable.
    public let evidence: Double

    public var attribute: String { stratum.attribute }
    public var value: String { stratum.value }
    public var failures: Int { devices.failed }
    public var decided: Int { devices.decided }

    /// Whether this is named before `other`: better evidence first, then the order of names.
    func precedes(_ other: StratumFinding) -> Bool {
        guard evidence == other.evidence else { return evidence > other.evidence }
        return stratum < other.stratum
    }
}

extension StratumFinding: CustomStringConvertible {
    /// One clause for an operator.
    public var description: String {
        "\(stratum): \(failures) of \(decided) devices failed, "
            + "\(elsewhere.failed) of \(elsewhere.decided) elsewhere"
    }
}

/// One rule of a gate that was asked, and what it said.
public struct GateStep: Hashable, Sendable {
    public let rule: Rule
    /// The values that decided, in one clause.
    public let detail: String
    /// Whether the rule lets the wave pass; the first that does not decides.
    public let holds: Bool

    /// The rules, in the order in which they are asked.
    public enum Rule: String, Hashable, Sendable, CaseIterable {
        case harm
        case classes
        /// What somebody outside says: that it does harm, and at the end that it does not.
        case outside
        case soak
        case confirmed
        case majority
        case silence
        case undecided
        case health
        case approval
    }
}

/// Writes down what a gate's rules say while they are asked (promise P6).
///
/// Decisions and explanations are made by the same calls; where nobody wants to know, no text is
/// made.
public struct GateTrace: Sendable {
    public private(set) var steps: [GateStep] = []
    private let isOn: Bool

    public static let off = GateTrace(isOn: false)
    public static let on = GateTrace(isOn: true)

    mutating func passed(_ rule: GateStep.Rule, _ detail: @autoclosure () -> String) {
        guard isOn else { return }
        steps.append(GateStep(rule: rule, detail: detail(), holds: true))
    }

    mutating func refused(_ rule: GateStep.Rule, _ verdict: GateVerdict) -> GateVerdict {
        if isOn { steps.append(GateStep(rule: rule, detail: "\(verdict)", holds: false)) }
        return verdict
    }
}

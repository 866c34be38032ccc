/// One rule that was asked, and what it said.
public struct AdmissionStep: Hashable, Sendable {
    public let rule: Rule
    /// The values that decided, in one clause.
    public let detail: String
    /// Whether the rule let the device pass; the first that does not decides.
    public let holds: Bool

    /// The rules, in the order in which they are asked.
    public enum Rule: String, Hashable, Sendable, CaseIterable {
        case state
        case attempt
        case eligibility
        case wave
        case stratum
        case window
        case concurrent
        case rate
        case egress
        case share
        case neverTogether = "never_together"
    }
}

/// Writes down what rules say while they are asked, for those who want to know why (promise P6).
///
/// Decisions and explanations are made by the same calls; where nobody wants to know, no text is
/// made.
public struct AdmissionTrace: Sendable {
    public private(set) var steps: [AdmissionStep] = []
    private let isOn: Bool

    public static let off = AdmissionTrace(isOn: false)
    public static let on = AdmissionTrace(isOn: true)

    mutating func passed(_ rule: AdmissionStep.Rule, _ detail: @autoclosure () -> String) {
        guard isOn else { return }
        steps.append(AdmissionStep(rule: rule, detail: detail(), holds: true))
    }

    mutating func refused(
        _ rule: AdmissionStep.Rule, _ refusal: AdmissionRefusal
    ) -> AdmissionDecision {
        .no(refused(rule, by: refusal))
    }

    /// Writes down a refusal that was decided before admission was asked, and returns it.
    public mutating func refused(
        _ rule: AdmissionStep.Rule, by refusal: AdmissionRefusal
    ) -> AdmissionRefusal {
        if isOn { steps.append(AdmissionStep(rule: rule, detail: "\(refusal)", holds: false)) }
        return refusal
    }
}

internal import Agent
internal import Model

/// The three variables of an environment by which the loader is told what to boot.
///
/// The loader boots `trial` when that is a slot and `tries` is 1 to 7, after having written one try
/// less; in every other case, also when it cannot write, it boots `good`.
struct TrialVariables {
    /// Names of the variables.
    let good: String
    let trial: String
    let tries: String
    /// What `trial` holds while there is none.
    let none: String
    let slots: Set<SlotName>

    var names: [String] { [good, trial, tries] }

    /// - Parameter path: Named in the error.
    func confirmed(
        in values: [String: String], of path: String
    ) throws(SlotError) -> SlotName {
        let value = values[good] ?? ""
        guard let slot = known(value) else {
            let names = slots.sorted().map(\.text).joined(separator: ", ")
            throw .malformed(
                path: path,
                problem: "\(good) is \"\(value.prefix(64))\" and not one of the slots \(names); "
                    + "it must be repaired")
        }
        return slot
    }

    /// What the loader makes of the values: what it does not know is no trial.
    func trial(in values: [String: String]) -> BootStatus.Trial {
        guard let slot = known(values[trial] ?? "") else { return .none }
        switch values[tries] {
        case "0": return .spent(slot)
        case let count? where ("1"..."7").contains(count) && count.utf8.count == 1:
            return .armed(slot)
        default: return .none
        }
    }

    private func known(_ text: String) -> SlotName? {
        SlotName(text).flatMap { slots.contains($0) ? $0 : nil }
    }

    func arming(_ slot: SlotName) throws(SlotError) -> [String: String] {
        [trial: try checked(slot).text, tries: "1"]
    }

    func confirming(_ slot: SlotName) throws(SlotError) -> [String: String] {
        [good: try checked(slot).text, trial: none, tries: "0"]
    }

    var disarming: [String: String] { [trial: none, tries: "0"] }

    private func checked(_ slot: SlotName) throws(SlotError) -> SlotName {
        guard slots.contains(slot), slot.text != none else { throw .missing(path: "slot \(slot)") }
        return slot
    }
}

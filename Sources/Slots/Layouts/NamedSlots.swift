internal import Agent
internal import Model

extension [SlotName: String] {
    /// What `slot` is called elsewhere.
    func called(_ slot: SlotName) throws(SlotError) -> String {
        guard let name = self[slot] else { throw .missing(path: "slot \(slot)") }
        return name
    }

    /// The one of the two slots that is not `booted`.
    func spare(besides booted: SlotName) throws(SlotError) -> SlotName {
        guard self[booted] != nil, let spare = keys.first(where: { $0 != booted }) else {
            throw .missing(path: "slot \(booted)")
        }
        return spare
    }
}

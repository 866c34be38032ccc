internal import Model

extension UpdateAgent {
    /// Runs the device's own program that erases what is to be erased, and notes how it ended.
    ///
    /// After a power cut it runs again: half of a wipe is none.
    func wipeStep() throws(AgentError) -> Pause {
        guard ports.hooks.has(.wipe) else {
            return try noteWipe(.failed("the device has no program that erases it"))
        }
        switch ports.hooks.run(.wipe, facts: [:]) {
        case .done: return try noteWipe(.done)
        case .failed(let reason): return try noteWipe(.failed(DetailText.of(reason)))
        case .notNow(let reason):
            waitsFor = reason
            return backoff()
        }
    }

    private func noteWipe(_ end: AgentState.Wipe) throws(AgentError) -> Pause {
        try change { $0.wipe = end }
        return .goOn
    }
}

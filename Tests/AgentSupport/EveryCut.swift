public import SimulatedDisk

/// One state in which a power cut may leave a disk.
public struct CutState {
    /// A machine with its power on again.
    public let disk: CrashingDisk
    /// The call in which the power failed; `nil` when the operation had returned.
    public let call: String?

    /// Whether the operation had returned, so that what it promised must hold.
    public var isComplete: Bool { call == nil }
}

extension CrashingDisk {
    /// Does `operation` once for each of its calls, with the power cut there, and once to its end.
    ///
    /// - Parameter body: Is handed every state that may be left, no two alike for one call.
    /// - Throws: What `operation` throws while the power is on, and what `body` throws.
    public func forEachCut(
        of operation: (CrashingDisk) throws -> Void, _ body: (CutState) throws -> Void
    ) throws {
        let whole = copy()
        try operation(whole)
        for state in whole.states() { try body(CutState(disk: state, call: nil)) }
        for cut in whole.calls.indices {
            let disk = copy()
            disk.cut = cut
            do { try operation(disk) } catch { if disk.isOn { throw error } }
            for state in disk.states(seed: UInt64(cut)) {
                try body(CutState(disk: state, call: whole.calls[cut]))
            }
        }
    }
}

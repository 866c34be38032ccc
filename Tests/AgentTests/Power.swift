/// The power of one machine, which can fail before any call that the agent makes to the outside.
final class Power {
    /// Every call so far, in words.
    private(set) var calls: [String] = []
    private(set) var isOn = true
    /// The calls before which the power fails, counted from 0 over the whole life of the machine.
    var cuts: Set<Int> = []

    /// Notes a call.
    ///
    /// - Returns: Whether it happens: nothing does once the power has failed.
    func call(_ words: String) -> Bool {
        guard isOn else { return false }
        guard !cuts.contains(calls.count) else {
            calls.append("cut before: \(words)")
            isOn = false
            return false
        }
        calls.append(words)
        return true
    }

    func restore() { isOn = true }
}

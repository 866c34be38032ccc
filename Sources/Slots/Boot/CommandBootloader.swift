public import Agent
public import Model

/// A program that speaks for a bootloader that we do not know.
///
/// It is called with `status`, `arm SLOT`, `confirm SLOT` or `disarm`, and exits with 0 when that is
/// done and durable. `status` prints lines:
///
///     booted=a         may be left out: then the kernel's command line and the root tell
///     boot_id=...      may be left out: then the kernel's own
///     confirmed=a      what boots unless there is a trial
///     trial=b          left out or empty while there is none
///     tries=1          boots left for the trial; 0 when it had them, unknown when nobody can tell
///
/// Other lines are not looked at. A slot that the kernel contradicts is an error.
///
/// ## Order of writes
///
/// That is the program's: `arm` and `confirm` must each be one write that holds as a whole or not at
/// all, and `arm` must leave the confirmed slot as it is. What it says it did is asked for again with
/// `status`, before anyone relies on it.
public struct CommandBootloader: Bootloader {
    private let command: [String]
    private let timeout: Duration
    private let booted: BootedSlot

    /// - Parameters:
    ///   - command: The program and what stands before the verb.
    ///   - timeout: Of each call; then the program and its children are killed.
    public init(command: [String], timeout: Duration, booted: BootedSlot) {
        precondition(!command.isEmpty, "a command has a program")
        self.command = command
        self.timeout = timeout
        self.booted = booted
    }

    public func status() throws(SlotError) -> BootStatus {
        let answer = try answer(to: run(["status"]))
        return BootStatus(
            booted: try bootedSlot(in: answer), bootID: try bootID(in: answer),
            confirmed: try slot("confirmed", in: answer), trial: try trial(in: answer))
    }

    public func arm(_ slot: SlotName) throws(SlotError) {
        guard booted.slots[slot] != nil else { throw .missing(path: "slot \(slot)") }
        _ = try run(["arm", slot.text])
        let trial = try status().trial
        guard trial == .armed(slot) else {
            throw refused("it said that slot \(slot) is armed, and then that it is not")
        }
    }

    public func confirm(_ slot: SlotName) throws(SlotError) {
        guard booted.slots[slot] != nil else { throw .missing(path: "slot \(slot)") }
        _ = try run(["confirm", slot.text])
        guard try status().confirmed == slot else {
            throw refused("it said that slot \(slot) is confirmed, and then that it is not")
        }
    }

    public func disarm() throws(SlotError) { _ = try run(["disarm"]) }

    // MARK: The answer

    private static let keys: Set<String> = ["booted", "boot_id", "confirmed", "trial", "tries"]

    private func answer(to end: ChildProcess.End) throws(SlotError) -> [String: String] {
        var values: [String: String] = [:]
        for line in end.output.split(separator: UInt8(ascii: "\n")) {
            let words = String(decoding: line, as: UTF8.self)
                .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard words.count == 2, Self.keys.contains(String(words[0])) else { continue }
            let old = values.updateValue(String(words[1]), forKey: String(words[0]))
            guard old == nil || old == String(words[1]) else {
                throw malformed("\(words[0]) is there twice, with different values")
            }
        }
        return values
    }

    private func bootedSlot(in answer: [String: String]) throws(SlotError) -> SlotName {
        guard answer["booted"] != nil else { return try booted.slot() }
        let slot = try slot("booted", in: answer)
        return try booted.slot(besides: [
            BootedSlot.Evidence(source: "\(command[0]) status", slot: slot)
        ])
    }

    private func bootID(in answer: [String: String]) throws(SlotError) -> BootID {
        guard let text = answer["boot_id"] else { return try booted.bootID() }
        guard let id = BootID(text) else { throw malformed("boot_id is not a name") }
        return id
    }

    private func slot(_ key: String, in answer: [String: String]) throws(SlotError) -> SlotName {
        guard let slot = SlotName(answer[key] ?? ""), booted.slots[slot] != nil else {
            throw malformed("\(key) is \"\((answer[key] ?? "").prefix(64))\" and not a slot")
        }
        return slot
    }

    private func trial(in answer: [String: String]) throws(SlotError) -> BootStatus.Trial {
        guard answer["trial"].map({ !$0.isEmpty }) == true else { return .none }
        let slot = try slot("trial", in: answer)
        if answer["tries"] == "unknown" { return .untold(slot) }
        guard let tries = answer["tries"].flatMap({ UInt8($0) }) else {
            throw malformed("tries is neither a number nor unknown")
        }
        return tries == 0 ? .spent(slot) : .armed(slot)
    }

    // MARK: The program

    private func run(_ words: [String]) throws(SlotError) -> ChildProcess.End {
        let end = try ChildProcess.run(command + words, timeout: timeout)
        let line = end.lastLine
        switch end.outcome {
        case .exited(0): return end
        case .exited(let code): throw refused("\(words[0]) exited with \(code): \(line)")
        case .killed(let signal): throw refused("\(words[0]) was killed by signal \(signal)")
        case .timedOut:
            throw refused("\(words[0]) did not end within \(timeout.components.seconds) s")
        }
    }

    private func refused(_ reason: String) -> SlotError {
        .failed(operation: "run", path: command[0], reason: reason)
    }

    private func malformed(_ problem: String) -> SlotError {
        .malformed(path: "the answer of \(command[0])", problem: problem)
    }
}

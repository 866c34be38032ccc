public import Agent
public import Model

/// U-Boot's environment through libubootenv's `fw_printenv` and `fw_setenv`, for flash memory.
///
/// The variables and the rule are those of ``UBootEnvironment``.
///
/// ## Order of writes
///
/// Each of ``arm(_:)``, ``confirm(_:)`` and ``disarm()`` is one run of `fw_setenv --script` with all
/// variables, so it is one store of the environment, and then one of `fw_printenv`, which must tell
/// the new values. One call for each variable would let a cut leave a trial without its tries, or
/// a confirmed slot with the old trial still set. What a cut within the one store leaves is up to
/// the tools: with two copies in `fw_env.config` the old environment or the new one.
///
/// The tools do not look at what fsync answers, so a medium that fails is noticed only when it
/// reads back wrongly.
public struct UBootTools: Bootloader {
    private let config: String?
    private let script: String
    private let timeout: Duration
    private let variables: TrialVariables
    let booted: BootedSlot
    private let disk: any Disk

    /// - Parameters:
    ///   - config: Handed to the tools with `-c`; without it they read `/etc/fw_env.config`.
    ///   - script: Where the file that `fw_setenv` reads may be written.
    ///   - timeout: Of each run of a tool.
    public init(
        config: String?, script: String, variables: UBootVariables = UBootVariables(),
        timeout: Duration, booted: BootedSlot, on disk: any Disk = LinuxDisk()
    ) {
        self.config = config
        self.script = script
        self.timeout = timeout
        self.variables = TrialVariables(variables, slots: Set(booted.slots.keys))
        self.booted = booted
        self.disk = disk
    }

    public func status() throws(SlotError) -> BootStatus {
        let values = try values()
        return BootStatus(
            booted: try booted.slot(), bootID: try booted.bootID(),
            confirmed: try variables.confirmed(in: values, of: "U-Boot's environment"),
            trial: variables.trial(in: values))
    }

    public func arm(_ slot: SlotName) throws(SlotError) { try change(variables.arming(slot)) }

    public func confirm(_ slot: SlotName) throws(SlotError) {
        try change(variables.confirming(slot))
    }

    public func disarm() throws(SlotError) { try change(variables.disarming) }

    /// Makes `slot` the confirmed one in an environment that says nothing of slots yet.
    public func repair(confirming slot: SlotName) throws(SlotError) {
        try store(variables.confirming(slot))
    }

    private func change(_ changes: [String: String]) throws(SlotError) {
        let values = try values()
        _ = try variables.confirmed(in: values, of: "U-Boot's environment")
        // Stored although it may be there already: a killed tool may not have synced it.
        try store(changes)
    }

    private func store(_ changes: [String: String]) throws(SlotError) {
        let lines = changes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }
        try DurableFile.replace(script, with: Array(lines.joined().utf8), on: disk)
        defer { try? disk.remove(script) }
        _ = try run("fw_setenv", ["--script", script])
        let values = try values()
        guard changes.allSatisfy({ values[$0.key] == $0.value }) else {
            throw .failed(
                operation: "write", path: "U-Boot's environment",
                reason: "fw_printenv does not tell what fw_setenv was told")
        }
    }

    /// Those of ours that are there.
    private func values() throws(SlotError) -> [String: String] {
        var values: [String: String] = [:]
        for name in variables.names {
            let end = try run("fw_printenv", [name], mayFail: true)
            for line in end.output.split(separator: UInt8(ascii: "\n")) {
                let text = String(decoding: line, as: UTF8.self)
                guard text.hasPrefix("\(name)=") else { continue }
                values[name] = String(text.dropFirst(name.count + 1))
            }
        }
        return values
    }

    /// - Parameter mayFail: Whether an exit code is an answer: so it is for an unknown variable.
    private func run(
        _ tool: String, _ arguments: [String], mayFail: Bool = false
    ) throws(SlotError) -> ChildProcess.End {
        let options = config.map { ["-c", $0] } ?? []
        let end = try ChildProcess.run([tool] + options + arguments, timeout: timeout)
        let isUnknown = mayFail && end.lastLine.hasSuffix("not defined")
        switch end.outcome {
        case .exited(0): return end
        case .exited where isUnknown: return end
        case .exited(let code):
            throw .failed(
                operation: "run", path: tool, reason: "it exited with \(code): \(end.lastLine)")
        case .killed(let signal):
            throw .failed(operation: "run", path: tool, reason: "it was killed by signal \(signal)")
        case .timedOut:
            throw .failed(
                operation: "run", path: tool,
                reason: "it did not end within \(timeout.components.seconds) s")
        }
    }
}

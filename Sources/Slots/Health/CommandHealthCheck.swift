public import Agent
public import Model

/// A program that is healthy when it exits with 0 in time.
public struct CommandHealthCheck: HealthCheck {
    private let command: [String]
    private let timeout: Duration
    private let slotPath: (SlotName) -> String

    /// - Parameters:
    ///   - command: Program and arguments; `{slot}` stands for the path of the booted slot.
    ///   - timeout: After it the program and its children are killed.
    public init(
        command: [String], timeout: Duration, slotPath: @escaping (SlotName) -> String
    ) {
        self.command = command
        self.timeout = timeout
        self.slotPath = slotPath
    }

    public func run(in slot: SlotName, within time: Duration) -> HealthVerdict {
        guard !command.isEmpty else { return .healthy }
        let arguments = command.map { $0 == "{slot}" ? slotPath(slot) : $0 }
        let end: ChildProcess.End
        do { end = try ChildProcess.run(arguments, timeout: min(timeout, time)) } catch {
            return .unhealthy("the health check did not start: \(error)")
        }
        switch end.outcome {
        case .exited(0): return .healthy
        case .exited(let code):
            return .unhealthy("the health check exited with \(code): \(end.lastLine)")
        case .killed(let signal):
            return .unhealthy("the health check was killed by signal \(signal): \(end.lastLine)")
        case .timedOut:
            return .unhealthy(
                "the health check did not end within \(min(timeout, time).components.seconds) s")
        }
    }
}

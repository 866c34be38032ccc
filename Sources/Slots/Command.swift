public import Agent

/// A command of the machine, such as the one that restarts it.
public enum Command {
    /// - Throws: ``SlotError`` when it does not start, or does not end with 0 in time.
    public static func run(_ arguments: [String], timeout: Duration) throws(SlotError) {
        let end = try ChildProcess.run(arguments, timeout: timeout)
        guard end.outcome != .exited(0) else { return }
        throw .failed(
            operation: "run", path: arguments.joined(separator: " "),
            reason: "\(end.outcome) \(end.lastLine)")
    }
}

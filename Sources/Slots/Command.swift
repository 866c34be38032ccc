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

    /// Hands `input` to the command and returns what it answers on its standard output; what it
    /// has to complain about goes to our standard error.
    ///
    /// - Throws: ``SlotError`` when it does not start, does not end with 0 in time, or answers with
    ///   more than `maximumByteCount`.
    public static func answer(
        of arguments: [String], to input: [UInt8], timeout: Duration, maximumByteCount: Int
    ) throws(SlotError) -> [UInt8] {
        let end = try ChildProcess.run(
            arguments, timeout: timeout,
            setting: ChildProcess.Setting(
                input: input, complainsToOurs: true, keptOutputBytes: maximumByteCount + 1))
        let path = arguments.joined(separator: " ")
        guard end.outcome == .exited(0) else {
            throw .failed(operation: "run", path: path, reason: "it \(end.outcome)")
        }
        guard end.output.count <= maximumByteCount else {
            throw .malformed(
                path: path, problem: "it answers with more than \(maximumByteCount) bytes")
        }
        return end.output
    }
}

extension ChildProcess.End.Outcome: CustomStringConvertible {
    var description: String {
        switch self {
        case .exited(let code): "exited with \(code)"
        case .killed(let signal): "was killed by signal \(signal)"
        case .timedOut: "did not end in time"
        }
    }
}

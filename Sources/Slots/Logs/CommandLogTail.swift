public import Agent
internal import Model

/// The end of the machine's log, as a program tells it, and what the kernel kept over a crash.
public struct CommandLogTail: LogTail {
    /// One byte more than fits, so that a line that was cut off at its beginning is known to be.
    private static let keptByteCount = LogText.maximumByteCount + 1

    private let current: [String]
    private let previous: [String]
    private let crashes: CrashRecords
    private let timeout: Duration

    /// - Parameters:
    ///   - current: Program and arguments that print the end of this boot's log; empty for none.
    ///   - previous: The same for the boot before.
    ///   - crashFolder: Where the kernel shows what its pstore kept.
    ///   - timeout: How long a program may take.
    public init(
        current: [String], previous: [String], crashFolder: String = "/sys/fs/pstore",
        timeout: Duration = .seconds(10)
    ) {
        self.current = current
        self.previous = previous
        crashes = CrashRecords(folder: crashFolder)
        self.timeout = timeout
    }

    /// What systemd's journal tells; `nil` on a machine without it.
    public static func journal(among folders: [String] = ["/usr/bin", "/bin"]) -> CommandLogTail? {
        let programs = folders.map { "\($0)/journalctl" }
        guard
            let program = programs.first(where: {
                ((try? FileStatus(of: $0)) ?? nil)?.isExecutable == true
            })
        else { return nil }
        let words = ["-n", "50", "--no-pager", "-o", "cat"]
        return CommandLogTail(
            current: [program, "-b"] + words, previous: [program, "-b", "-1"] + words)
    }

    /// Of the boot before, the log and then the kernel's last words, half of the room for each: a
    /// kernel that panics writes no log any more.
    public func lines(ofPreviousBoot isPrevious: Bool) -> String? {
        guard isPrevious else { return log(current).flatMap { LogText.of($0) } }
        let half = LogText.maximumByteCount / 2
        guard let crash = crashes.newest(maximumByteCount: half) else {
            return log(previous).flatMap { LogText.of($0) }
        }
        guard let log = log(previous).flatMap({ LogText.of($0) }) else {
            return LogText.of(crash)
        }
        return LogText.of(CrashRecords.wholeLines(log, maximumByteCount: half) + "\n" + crash)
    }

    /// `nil` when it does not end well: what it then prints is no log.
    private func log(_ command: [String]) -> String? {
        guard !command.isEmpty,
            let end = try? ChildProcess.run(
                command, timeout: timeout,
                setting: ChildProcess.Setting(
                    complainsToOurs: true, keptOutputBytes: Self.keptByteCount)),
            end.outcome == .exited(0)
        else { return nil }
        return String(decoding: end.output, as: UTF8.self)
    }
}

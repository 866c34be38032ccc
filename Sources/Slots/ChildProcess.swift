internal import Agent
internal import Glibc

/// A program that is run to its end, with its output and a limit of time.
enum ChildProcess {
    struct End {
        enum Outcome: Hashable {
            case exited(Int32)
            case killed(Int32)
            case timedOut
        }

        let outcome: Outcome
        /// The last line that it printed on either stream; at most 200 bytes.
        let lastLine: String
        /// The end of what it printed; at most ``Setting/keptOutputBytes``.
        let output: [UInt8]
    }

    /// The exit code by which a program at the device says "not now": `EX_TEMPFAIL`.
    static let notNow: Int32 = 75

    /// How much of the output is kept, from its end, in bytes, where nothing else is said.
    static let keptOutputBytes = 4096

    /// What a program is given, and what becomes of what it prints.
    struct Setting {
        /// All of the program's environment; `nil` for that of this process.
        var environment: [String: String]?
        /// What it reads from its standard input.
        var input: [UInt8] = []
        /// Whether its complaints go to where ours do, so that its answer is nothing but that.
        var complainsToOurs = false
        /// How much of the output is kept, from its end, in bytes.
        var keptOutputBytes = ChildProcess.keptOutputBytes
    }

    /// - Throws: ``SlotError`` when the program cannot be started.
    static func run(
        _ arguments: [String], timeout: Duration, setting: Setting = Setting()
    ) throws(SlotError) -> End {
        let input = try setting.input.isEmpty ? nil : FilledPipe(setting.input)
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else {
            throw SlotError(errno, "make a pipe for", arguments[0])
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let child: pid_t
        do {
            defer { close(ends[1]) }
            child = try spawn(arguments, input: input, output: ends[1], setting)
        }
        let clock = SystemClock.ofThisProcess
        let (output, isClosed) = collect(
            from: ends[0], keeping: setting.keptOutputBytes, within: timeout, by: clock)
        let status = isClosed ? status(of: child, within: timeout, by: clock) : nil
        if status == nil { kill(child) }
        return End(
            outcome: status.map { outcome(of: $0) } ?? .timedOut, lastLine: lastLine(of: output),
            output: output)
    }

    /// Ends the child's whole group, so that what the program started ends with it.
    private static func kill(_ child: pid_t) {
        Glibc.kill(-child, SIGKILL)
        while waitpid(child, nil, 0) < 0, errno == EINTR {}
    }

    private static func spawn(
        _ arguments: [String], input: FilledPipe?, output: Int32, _ setting: Setting
    ) throws(SlotError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        if let input {
            unsafe posix_spawn_file_actions_adddup2(&actions, input.descriptor, 0)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
        if !setting.complainsToOurs {
            unsafe posix_spawn_file_actions_adddup2(&actions, output, 2)
        }
        // Whatever the calling thread blocks or ignores, the program hears: some wait for signals.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        let variables = setting.environment.map { $0.sorted { $0.key < $1.key } }
        var block = unsafe (variables ?? []).map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer { unsafe block.forEach { unsafe free($0) } }
        var child: pid_t = 0
        let code = unsafe block.withUnsafeMutableBufferPointer { block in
            unsafe posix_spawnp(
                &child, arguments[0], &actions, &attributes, &words,
                variables == nil ? environ : block.baseAddress ?? environ)
        }
        guard code == 0 else { throw SlotError(code, "start", arguments[0]) }
        return child
    }

    /// Reads until every holder of the pipe has closed it; `false` when time ran out first.
    private static func collect(
        from descriptor: Int32, keeping keptOutputBytes: Int, within timeout: Duration,
        by clock: SystemClock
    ) -> (output: [UInt8], isClosed: Bool) {
        var output: [UInt8] = []
        while true {
            let left = (timeout - clock.uptime).components
            guard left.seconds > 0 || left.attoseconds > 0 else { return (output, false) }
            let milliseconds =
                min(left.seconds, 3600) * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&waiting, 1, Int32(milliseconds))
            guard ready > 0 else { continue }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = unsafe read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return (output, true) }
            output = Array((output + buffer[..<count]).suffix(keptOutputBytes))
        }
    }

    /// How the child ended; `nil` when time ran out first: it may close its output and run on.
    private static func status(
        of child: pid_t, within timeout: Duration, by clock: SystemClock
    ) -> Int32? {
        var status: Int32 = 0
        while clock.uptime < timeout {
            if unsafe waitpid(child, &status, WNOHANG) == child { return status }
            // Nothing to wait on tells of this on every kernel: look again in two milliseconds.
            _ = poll(nil, 0, 2)
        }
        return nil
    }

    private static func outcome(of status: Int32) -> End.Outcome {
        // The macros of wait(2) are not importable: 7 bits of signal, then 8 bits of exit code.
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal)
    }

    private static func lastLine(of output: [UInt8]) -> String {
        let line = output.split(separator: UInt8(ascii: "\n")).last ?? []
        return String(decoding: line.prefix(200), as: UTF8.self)
    }
}

internal import Glibc
internal import Synchronization

/// A program that is told some bytes and ends by itself, or is killed when its time is over.
///
/// It gets a process group of its own, the environment that it is given and nothing else of ours:
/// its errors go nowhere. It has ended when nothing holds its output any more, so what it leaves
/// running has to let go of that.
public struct Program: Sendable {
    /// Absolute.
    public let path: String
    public let environment: [String: String]
    public let timeout: Duration

    /// The most bytes that a program is told: what the smallest pipe of Linux holds.
    public static let maximumInputByteCount = 4096

    public enum End: Hashable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)
        /// It was killed, and all that it started in its group with it.
        case timedOut
    }

    public init(path: String, environment: [String: String], timeout: Duration) {
        self.path = path
        self.environment = environment
        self.timeout = timeout
    }

    /// Runs the program to its end; blocks meanwhile.
    ///
    /// - Parameters:
    ///   - input: What it can read; at most ``maximumInputByteCount``.
    ///   - keptByteCount: How much is kept of what it prints, from the beginning. The rest is read
    ///     and forgotten, so that it can go on.
    /// - Throws: ``ProgramError`` when it cannot be started.
    public func run(
        input: [UInt8], keptByteCount: Int
    ) throws(ProgramError) -> (end: End, output: [UInt8]) {
        precondition(input.count <= Self.maximumInputByteCount, "a program is told little")
        let deadline = ContinuousClock.now.advanced(by: timeout)
        let (child, reading) = try Self.starting.withLock { _ throws(ProgramError) in
            try start(input)
        }
        defer { close(reading) }
        let (output, isClosed) = Self.collect(
            from: reading, keptByteCount: keptByteCount, until: deadline)
        let status = isClosed ? Self.status(of: child, until: deadline) : nil
        guard let status else {
            // Nobody has waited for it yet, so no other group can have its number.
            kill(-child, SIGKILL)
            while waitpid(child, nil, 0) < 0, errno == EINTR {}
            return (.timedOut, output)
        }
        // The macros of wait(2) are not importable: 7 bits of signal, then 8 bits of exit code.
        let signal = status & 0x7f
        return (signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal), output)
    }

    /// Starts the program; returns the end of its output that is ours to close.
    private func start(_ input: [UInt8]) throws(ProgramError) -> (child: pid_t, reading: Int32) {
        let toProgram = try Self.pipe()
        let fromProgram: (reading: Int32, writing: Int32)
        do throws(ProgramError) { fromProgram = try Self.pipe() } catch {
            close(toProgram.reading)
            close(toProgram.writing)
            throw error
        }
        // The pipe holds it all, so that no program can keep us waiting by not reading it.
        let written = unsafe write(toProgram.writing, input, input.count)
        close(toProgram.writing)
        defer {
            close(toProgram.reading)
            close(fromProgram.writing)
        }
        do throws(ProgramError) {
            guard written == input.count else { throw ProgramError(errno) }
            let child = try spawn(input: toProgram.reading, output: fromProgram.writing)
            return (child, fromProgram.reading)
        } catch {
            close(fromProgram.reading)
            throw error
        }
    }

    /// Between making a pipe and marking it, a program that starts would inherit it.
    private static let starting = Mutex(())

    /// A pipe that no program inherits which starts later.
    private static func pipe() throws(ProgramError) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard unsafe Glibc.pipe(&ends) == 0 else { throw ProgramError(errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private func spawn(input: Int32, output: Int32) throws(ProgramError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // Our thread may block or ignore signals; a program expects that none are.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        var words = unsafe [strdup(path), nil]
        var variables = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer { unsafe (words + variables).forEach { unsafe free($0) } }
        var child: pid_t = 0
        let code = unsafe posix_spawn(&child, path, &actions, &attributes, &words, &variables)
        guard code == 0 else { throw ProgramError(code) }
        return child
    }

    /// Reads until every holder of the pipe has closed it; not closed when time ran out first.
    private static func collect(
        from descriptor: Int32, keptByteCount: Int, until deadline: ContinuousClock.Instant
    ) -> (output: [UInt8], isClosed: Bool) {
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let left = ContinuousClock.now.duration(to: deadline), left > .zero {
            let (seconds, attoseconds) = min(left, .seconds(3600)).components
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let milliseconds = Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
            guard unsafe poll(&waiting, 1, milliseconds) > 0 else { continue }
            let count = unsafe read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return (output, true) }
            output += buffer[..<min(count, keptByteCount - output.count)]
        }
        return (output, false)
    }

    /// How the child ended; `nil` when time ran out first: it may close its output and run on.
    private static func status(
        of child: pid_t, until deadline: ContinuousClock.Instant
    ) -> Int32? {
        var status: Int32 = 0
        while ContinuousClock.now < deadline {
            if unsafe waitpid(child, &status, WNOHANG) == child { return status }
            // Nothing to wait on tells of this on every kernel: look again in two milliseconds.
            _ = poll(nil, 0, 2)
        }
        return nil
    }
}

/// Why a program was not started, in the system's words.
public struct ProgramError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ code: Int32) {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else {
            description = "error \(code)"
            return
        }
        description = String(
            decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

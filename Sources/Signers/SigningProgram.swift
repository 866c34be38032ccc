internal import Glibc

/// A program that is given bytes, answers with bytes, and has a limit of time for both.
struct SigningProgram {
    /// The program and its arguments; never empty.
    let command: [String]
    let timeout: Duration

    /// Runs the program to its end and returns what it wrote; blocks meanwhile.
    ///
    /// A program that does not want all of the input may close it and answer nevertheless.
    func run(
        input: [UInt8], maximumOutputByteCount: Int
    ) throws(CommandSignerError) -> [UInt8] {
        let deadline = Deadline(after: timeout)
        var program = try Lock.starting.whileHeld { () throws(CommandSignerError) in try start() }
        let output: [UInt8]
        let status: Int32
        do throws(CommandSignerError) {
            output = try BrokenPipe.withoutSignal { () throws(CommandSignerError) in
                try exchange(
                    input, with: &program, maximumOutputByteCount: maximumOutputByteCount,
                    until: deadline)
            }
            program.input.close()
            status = try self.status(of: program.child, until: deadline)
        } catch {
            end(program.child)
            throw error
        }
        try check(status)
        return output
    }

    /// A child that nobody has waited for, and our ends of its pipes.
    private struct Running: ~Copyable {
        let child: pid_t
        var input: PipeEnd
        let output: PipeEnd
    }

    private func start() throws(CommandSignerError) -> Running {
        guard let toProgram = Pipe(), let fromProgram = Pipe() else { throw failed(errno) }
        toProgram.writing.neverBlock()
        let child = try spawn(input: toProgram.reading.number, output: fromProgram.writing.number)
        return Running(child: child, input: toProgram.writing, output: fromProgram.reading)
    }

    private func failed(_ code: Int32) -> CommandSignerError {
        .failed(command[0], reason: ErrorNumber.text(of: code))
    }
}

// MARK: - The life of the child

extension SigningProgram {
    /// Starts the program in our process group, so that it may read from our terminal.
    private func spawn(input: Int32, output: Int32) throws(CommandSignerError) -> pid_t {
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
        // Our thread may block signals, Control-C among them; a program expects none blocked.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        var words = unsafe command.map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        var child: pid_t = 0
        let code = unsafe posix_spawnp(&child, command[0], &actions, &attributes, &words, environ)
        guard code == 0 else {
            throw .notStarted(command[0], reason: ErrorNumber.text(of: code))
        }
        return child
    }

    /// Kills the child unless it has ended, and takes its status, which frees its process id.
    private func end(_ child: pid_t) {
        // While nobody has waited for it, no other process can have its id.
        guard waitpid(child, nil, WNOHANG) == 0 else { return }
        kill(child, SIGKILL)
        while waitpid(child, nil, 0) < 0, errno == EINTR {}
    }

    /// How the child ended; it may close its output and run on.
    private func status(
        of child: pid_t, until deadline: Deadline
    ) throws(CommandSignerError) -> Int32 {
        var status: Int32 = 0
        while true {
            let ended = unsafe waitpid(child, &status, WNOHANG)
            if ended == child { return status }
            if ended < 0, errno != EINTR { throw failed(errno) }
            guard deadline.millisecondsLeft != nil else {
                throw .timedOut(command[0], after: timeout)
            }
            // Nothing to wait on tells of this on every kernel: look again in two milliseconds.
            _ = poll(nil, 0, 2)
        }
    }

    private func check(_ status: Int32) throws(CommandSignerError) {
        // The macros of wait(2) are not importable: 7 bits of signal, then 8 bits of exit code.
        let signal = status & 0x7f
        guard signal == 0 else { throw .killed(command[0], signal: signal) }
        let code = (status >> 8) & 0xff
        guard code == 0 else { throw .exited(command[0], code: code) }
    }
}

// MARK: - Talking to it

extension SigningProgram {
    /// Writes and reads as the program is ready for it, until it closes its output.
    ///
    /// Doing one after the other would wait for ever on a program that does the opposite.
    private func exchange(
        _ input: [UInt8], with program: inout Running, maximumOutputByteCount: Int,
        until deadline: Deadline
    ) throws(CommandSignerError) -> [UInt8] {
        var output: [UInt8] = []
        var written = 0
        while true {
            // A closed end has the number -1, which poll(2) passes over.
            var ends = [
                pollfd(fd: program.input.number, events: Int16(POLLOUT), revents: 0),
                pollfd(fd: program.output.number, events: Int16(POLLIN), revents: 0),
            ]
            guard let milliseconds = deadline.millisecondsLeft else {
                throw .timedOut(command[0], after: timeout)
            }
            let ready = unsafe poll(&ends, 2, milliseconds)
            if ready < 0, errno != EINTR { throw failed(errno) }
            guard ready > 0 else { continue }
            if ends[0].revents != 0 {
                written += try write(input[written...], to: &program.input)
                if written == input.count { program.input.close() }
            }
            guard ends[1].revents != 0 else { continue }
            guard let bytes = try read(program.output) else { return output }
            output += bytes
            guard output.count <= maximumOutputByteCount else {
                throw .answerTooLong(command[0], limitBytes: maximumOutputByteCount)
            }
        }
    }

    /// Writes what the pipe takes and returns its count; closes a pipe that nobody reads.
    private func write(
        _ bytes: ArraySlice<UInt8>, to end: inout PipeEnd
    ) throws(CommandSignerError) -> Int {
        let count = unsafe bytes.withUnsafeBytes { bytes in
            unsafe Glibc.write(end.number, bytes.baseAddress, bytes.count)
        }
        guard count < 0 else { return count }
        switch errno {
        case EAGAIN, EINTR: break
        case EPIPE: end.close()
        default: throw failed(errno)
        }
        return 0
    }

    /// What is in the pipe, perhaps nothing; `nil` once the program has closed it.
    private func read(_ end: borrowing PipeEnd) throws(CommandSignerError) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe Glibc.read(end.number, &buffer, buffer.count)
        if count < 0, errno != EINTR { throw failed(errno) }
        if count == 0 { return nil }
        return Array(buffer.prefix(max(0, count)))
    }
}

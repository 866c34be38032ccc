internal import Glibc

/// A pipe whose ends are closed in every program that is started later.
struct Pipe: ~Copyable {
    let reading: PipeEnd
    let writing: PipeEnd

    /// Returns `nil`, with the reason in `errno`, when the system has no more pipes.
    init?() {
        var numbers: [Int32] = [-1, -1]
        guard unsafe pipe(&numbers) == 0 else { return nil }
        for number in numbers { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
        reading = PipeEnd(owning: numbers[0])
        writing = PipeEnd(owning: numbers[1])
    }
}

/// One end of a pipe; closed when its life ends, or before.
struct PipeEnd: ~Copyable {
    /// -1 once closed.
    private(set) var number: Int32

    fileprivate init(owning number: Int32) { self.number = number }

    deinit { if number >= 0 { Glibc.close(number) } }

    /// Lets a call that would wait fail with `EAGAIN`, also for whoever shares this end.
    func neverBlock() { _ = fcntl(number, F_SETFL, O_NONBLOCK) }

    mutating func close() {
        guard number >= 0 else { return }
        Glibc.close(number)
        number = -1
    }
}

/// Writing to a pipe that nobody reads.
enum BrokenPipe {
    /// Calls `body` with `SIGPIPE` kept from this thread, so that a write fails with `EPIPE`.
    ///
    /// The signal is the business of the whole process, so its handling is left alone.
    static func withoutSignal<Result>(
        _ body: () throws(CommandSignerError) -> Result
    ) throws(CommandSignerError) -> Result {
        var broken = sigset_t()
        var before = sigset_t()
        unsafe sigemptyset(&broken)
        unsafe sigaddset(&broken, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &broken, &before)
        defer {
            if unsafe sigismember(&before, SIGPIPE) == 0 {
                // One that came meanwhile is ours: a write raises it in the thread that writes.
                var now = timespec()
                while unsafe sigtimedwait(&broken, nil, &now) < 0, errno == EINTR {}
                unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
            }
        }
        return try body()
    }
}

internal import Glibc
internal import Synchronization

/// Wakes a thread that waits for something to happen; rings that nobody has heard are one.
final class Bell: Sendable {
    /// The end of a pipe that is ready when it rings; never negative, closed in `deinit` alone.
    let descriptor: Int32
    private let ringing: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        let code = unsafe pipe(&ends)
        precondition(code == 0, "a process has room for a pipe")
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        descriptor = ends[0]
        ringing = ends[1]
    }

    deinit {
        close(descriptor)
        close(ringing)
    }

    func ring() { Self.ring(ringing) }

    /// Another way to ring it, for whoever may outlive the bell.
    func duplicate() -> Int32 { fcntl(ringing, F_DUPFD_CLOEXEC, 0) }

    /// Async-signal-safe; a pipe that is full rings already.
    static func ring(_ descriptor: Int32) {
        var one: UInt8 = 1
        _ = unsafe write(descriptor, &one, 1)
    }

    /// Hears all rings so far.
    func hear() {
        var buffer = [UInt8](repeating: 0, count: 64)
        while unsafe read(descriptor, &buffer, buffer.count) > 0 {}
    }

    /// Whether it has been rung since it was last heard; waits for it so long.
    func isRung(within time: Duration) -> Bool {
        let clock = SystemClock.ofThisProcess
        while true {
            let left = max(.zero, time - clock.uptime)
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if unsafe poll(&waiting, 1, Pause.milliseconds(of: left)) > 0 { return true }
            if left == .zero { return false }
        }
    }

    /// Blocks until it rings, a signal is handled, or `duration` has passed; at most eleven days.
    func wait(atMost duration: Duration) {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&waiting, 1, Pause.milliseconds(of: duration)) > 0 else { return }
        hear()
    }
}

/// Whether somebody has asked this process to end, by SIGTERM or SIGINT.
public enum StopSignal {
    private static let requested = Atomic<Bool>(false)
    /// Of the bell that the handler rings; never closed.
    private static let bell = Atomic<Int32>(-1)

    public static var isRequested: Bool { requested.load(ordering: .acquiring) }

    /// From now on these signals end nothing by themselves: they ring, and are remembered.
    ///
    /// Calls that wait are started again after the handler, but for poll(2), which every pause of
    /// the agent is made of.
    static func catchAll(ringing new: Bell) {
        requested.store(false, ordering: .releasing)
        // A handler may run until the process ends, so the bell outlives everything.
        bell.store(new.duplicate(), ordering: .releasing)
        for number in [SIGTERM, SIGINT] {
            signal(number) { _ in StopSignal.note() }
        }
        // Whoever has started this process may have left it deaf.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
    }

    /// Async-signal-safe: two atomic accesses and a write(2) that does not block.
    private static func note() {
        let code = errno
        requested.store(true, ordering: .releasing)
        Bell.ring(bell.load(ordering: .acquiring))
        errno = code
    }
}

internal import Agent
internal import Glibc

/// What one thread rings once, and another waits for.
@safe final class Bell: Sendable {
    private let listening: Int32
    private let ringing: Int32

    init() throws(SlotError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw SlotError(errno, "make", "a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        listening = ends[0]
        ringing = ends[1]
    }

    deinit {
        close(listening)
        close(ringing)
    }

    func ring() {
        let byte: [UInt8] = [1]
        _ = unsafe write(ringing, byte, 1)
    }

    /// Whether it was rung; waits for it so long.
    func isRung(within time: Duration) -> Bool {
        let clock = SystemClock.ofThisProcess
        while true {
            let left = max(.zero, time - clock.uptime)
            var waiting = pollfd(fd: listening, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&waiting, 1, Pause.milliseconds(of: left))
            if ready > 0 { return true }
            if left == .zero { return false }
        }
    }
}

public import Agent
internal import Glibc

/// A named pipe by which somebody at the device wakes the agent from its pause.
@safe public final class ControlPipe {
    private let descriptor: Int32

    /// Makes the pipe at `path`, for the owner only, and listens.
    public init(listeningAt path: String) throws(SlotError) {
        guard unsafe mkfifo(path, 0o600) == 0 || errno == EEXIST else {
            throw SlotError(errno, "make the pipe", path)
        }
        // Open for writing too, so that the pipe never ends when a writer leaves.
        let descriptor = unsafe open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw SlotError(errno, "open", path) }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Blocks until somebody calls ``wake(_:)`` or `duration` has passed; at most eleven days.
    public func wait(atMost duration: Duration) {
        let parts = duration.components
        // To poll(2), less than zero would be for ever.
        let milliseconds =
            min(max(0, parts.seconds), 1_000_000) * 1000
            + max(0, parts.attoseconds / 1_000_000_000_000_000)
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&waiting, 1, Int32(milliseconds)) > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 64)
        while unsafe read(descriptor, &buffer, buffer.count) > 0 {}
    }

    /// Wakes the agent that listens at `path`.
    ///
    /// - Returns: Whether one does.
    public static func wake(_ path: String) throws(SlotError) -> Bool {
        let descriptor = unsafe open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENXIO || errno == ENOENT { return false }
            throw SlotError(errno, "open", path)
        }
        defer { close(descriptor) }
        let byte: [UInt8] = [1]
        return unsafe write(descriptor, byte, 1) == 1
    }
}

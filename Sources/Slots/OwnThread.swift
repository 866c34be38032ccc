internal import Agent
internal import Glibc

/// A thread for what must go on, or may hang, while the agent does something else.
enum OwnThread {
    /// The stack, in bytes: room for the deepest JSON.
    private static let stackByteCount = 1_048_576

    /// Starts `body`, which no signal interrupts: they are for the agent's main thread.
    ///
    /// - Returns: What ``join(_:)`` takes.
    static func start(_ body: @escaping @Sendable () -> Void) throws(SlotError) -> pthread_t {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setstacksize(&attributes, stackByteCount)
        // A thread begins with the mask of the one that makes it.
        var all = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        let work = unsafe Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, &attributes,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        guard code == 0 else {
            unsafe work.release()
            throw SlotError(code, "start", "a thread")
        }
        return thread
    }

    /// Waits for its end.
    static func join(_ thread: pthread_t) { pthread_join(thread, nil) }

    /// Lets it end by itself.
    static func detach(_ thread: pthread_t) { pthread_detach(thread) }

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}

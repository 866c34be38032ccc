internal import Glibc

/// Keeps threads of this process from doing at once what the process can do only once at a time.
@safe struct Lock: Sendable {
    /// Lives as long as the process: every lock is a global one.
    private nonisolated(unsafe) let mutex: UnsafeMutablePointer<pthread_mutex_t>

    /// Between making a pipe and marking it, a program that starts would inherit it.
    static let starting = Lock()
    /// A PKCS#11 module is set up and torn down for a whole process.
    static let module = Lock()

    private init() {
        unsafe mutex = .allocate(capacity: 1)
        precondition(unsafe pthread_mutex_init(mutex, nil) == 0, "a mutex must be to be had")
    }

    func whileHeld<Result: ~Copyable, Failure>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body()
    }
}

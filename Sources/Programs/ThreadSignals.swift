internal import Glibc

/// The signals that this thread blocks, and with it the programs that it starts.
public enum ThreadSignals {
    /// Blocks none, as is right for a program: a thread of a pool blocks nearly all.
    public static func unblockAll() {
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
    }
}

internal import Glibc

/// How many files and connections this process may have open at once.
public enum OpenFiles {
    /// Allows as many as whoever started the process permits, where that is more than it has now.
    ///
    /// Systems begin with 1024 for programs that know no better.
    public static func raiseLimit() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return
        }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

internal import Glibc

/// How many files and connections this process may have open.
public enum OpenFiles {
    /// More than any of our processes needs, and few enough for programs that look at each.
    private static let most: rlim_t = 1 << 20

    /// Raises the limit as far as the system lets us; returns what it is then.
    @discardableResult public static func raiseLimit() -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return 1024
        }
        let before = limit.rlim_cur
        limit.rlim_cur = min(limit.rlim_max, Self.most)
        let isRaised = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        return Int(isRaised ? limit.rlim_cur : min(before, Self.most))
    }
}

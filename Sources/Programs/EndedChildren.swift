internal import Glibc

/// This process's children that have ended and were waited for, and their own such children.
public enum EndedChildren {
    /// How long processors have worked for them altogether, in programs and in the kernel.
    public static var processorTime: Duration {
        var usage = rusage()
        guard unsafe getrusage(RUSAGE_CHILDREN.rawValue, &usage) == 0 else {
            preconditionFailure("the kernel tells a process what its children took")
        }
        return duration(usage.ru_utime) + duration(usage.ru_stime)
    }

    private static func duration(_ time: timeval) -> Duration {
        .seconds(Int64(time.tv_sec)) + .microseconds(Int64(time.tv_usec))
    }
}

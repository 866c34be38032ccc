public import Agent
internal import Glibc
public import Model

/// A file system that has at least so many bytes left for everybody.
public struct SpaceHealthCheck: HealthCheck {
    private let path: String
    private let minimumBytes: Int64

    public init(path: String, minimumBytes: Int64) {
        self.path = path
        self.minimumBytes = minimumBytes
    }

    public func run(in slot: SlotName, within time: Duration) -> HealthVerdict {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else {
            return .unhealthy("\(SlotError(errno, "measure", path))")
        }
        let (free, overflows) = UInt64(status.f_bavail)
            .multipliedReportingOverflow(by: UInt64(status.f_frsize))
        guard overflows || free >= UInt64(max(0, minimumBytes)) else {
            return .unhealthy("\(path) has \(free) bytes left, and \(minimumBytes) are needed")
        }
        return .healthy
    }
}

internal import Glibc

/// What the kernel calls a block device.
public struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
    public let major: UInt32
    public let minor: UInt32

    public init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    /// Reads such as `254:2`.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = UInt32(parts[0]), let minor = UInt32(parts[1]) else {
            return nil
        }
        self.init(major: major, minor: minor)
    }

    public var description: String { "\(major):\(minor)" }
}

extension LinuxDisk {
    /// The number of the block device at `path`, links followed; `nil` when none is there.
    public static func deviceNumber(of path: String) -> DeviceNumber? {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFBLK else {
            return nil
        }
        // The macros of sysmacros.h are not importable: both numbers lie there in two parts.
        let number = UInt64(status.st_rdev)
        return DeviceNumber(
            major: UInt32(truncatingIfNeeded: (number >> 8) & 0xfff | (number >> 32) & ~0xfff),
            minor: UInt32(truncatingIfNeeded: number & 0xff | (number >> 12) & ~0xff))
    }
}

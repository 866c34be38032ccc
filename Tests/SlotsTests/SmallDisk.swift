import Foundation
import Testing

/// A file system of 64 KiB in memory, which only root may mount.
enum SmallDisk {
    /// Runs `body` with the path of an empty one.
    ///
    /// Where none can be mounted, a known issue says that a full disk was not tried.
    static func use(_ body: (String) throws -> Void) throws {
        let folder = try TemporaryFolder()
        let mounted = try run(
            "/usr/bin/env", "mount", "-t", "tmpfs", "-o", "size=64k", "slipway", folder.path)
        guard mounted.status == 0 else {
            return withKnownIssue("a full disk is not tried here: \(mounted.error)") {
                Issue.record("no small disk can be mounted")
            }
        }
        defer { _ = try? run("/usr/bin/env", "umount", folder.path) }
        try body(folder.path)
    }
}

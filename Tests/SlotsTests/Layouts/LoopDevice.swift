import Foundation
import Testing

/// A block device of a file, which only root may make.
final class LoopDevice {
    let path: String
    private let folder: TemporaryFolder

    /// Returns `nil`, with a known issue that says so, where none can be made.
    init?(byteCount: Int, readOnly: Bool = false) throws {
        folder = try TemporaryFolder()
        try Data(count: byteCount).write(to: URL(filePath: "\(folder.path)/disk"))
        let made = try run(
            "/usr/bin/env", "losetup", "--find", "--show", readOnly ? "--read-only" : "--nooverlap",
            "\(folder.path)/disk")
        path = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
        guard made.status == 0 else {
            withKnownIssue("no block device is tried here: \(made.error)") {
                Issue.record("no loop device can be made")
            }
            return nil
        }
    }

    deinit { _ = try? run("/usr/bin/env", "losetup", "--detach", path) }
}

public import Agent

/// Keeps a second agent from working on the same device.
public final class InstanceLock {
    private let file: File

    /// Returns `nil` when another process holds the lock at `path`.
    public init?(_ path: String) throws(SlotError) {
        let file = try File(path, .update(permissions: 0o600))
        guard file.lock() else { return nil }
        self.file = file
    }
}

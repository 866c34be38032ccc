internal import Agent

/// A folder with programs that the agent runs: whoever can change it is as mighty as the agent.
struct GuardedFolder {
    let path: String

    /// Returns `nil` when there is no such folder.
    ///
    /// - Throws: ``SlotError`` when somebody other than root and the agent's user can change it.
    init?(_ path: String) throws(SlotError) {
        guard let status = try FileStatus(of: path) else { return nil }
        guard status.kind == .directory else {
            throw .malformed(path: path, problem: "it is not a folder")
        }
        try Self.refuseUnlessGuarded(status, path)
        self.path = path
    }

    /// The paths of what is in it in the order of the names' bytes, but for hidden files.
    func paths(maximumCount: Int) throws(SlotError) -> [String] {
        let names = try LinuxDisk().names(in: path).filter { !$0.hasPrefix(".") }
        guard names.count <= maximumCount else {
            throw .malformed(path: path, problem: "more than \(maximumCount) files are in it")
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { "\(path)/\($0)" }
    }

    /// What is at `path`, once nobody else is known to be able to change it; `nil` for nothing.
    static func status(of path: String) throws(SlotError) -> FileStatus? {
        guard let status = try FileStatus(of: path) else { return nil }
        try refuseUnlessGuarded(status, path)
        return status
    }

    private static func refuseUnlessGuarded(
        _ status: FileStatus, _ path: String
    ) throws(SlotError) {
        guard !status.isGuarded else { return }
        throw .malformed(
            path: path,
            problem: "others could change it (its mode is \(status.mode)): it must belong to root"
                + " or to the agent's user, and nobody else may write to it")
    }
}

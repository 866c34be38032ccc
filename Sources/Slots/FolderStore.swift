public import Agent

/// The agent's state and trusted metadata as files in one folder.
public struct FolderStore: AgentStore {
    private let folder: String
    private let shippedRoot: String
    private let disk: any Disk
    private static let rootName = "root.json"

    /// - Parameters:
    ///   - folder: Made when it is missing.
    ///   - shippedRoot: The root metadata that came with the device; never written.
    public init(
        folder: String, shippedRoot: String, on disk: any Disk = LinuxDisk()
    ) throws(SlotError) {
        self.folder = folder
        self.disk = disk
        self.shippedRoot = shippedRoot
        try DurableFile.makeDirectory(folder, on: disk)
        try DurableFile.makeDirectory("\(folder)/metadata", on: disk)
    }

    public func loadState() throws(SlotError) -> [UInt8]? {
        try DurableFile.read(statePath, on: disk)
    }

    public func saveState(_ bytes: [UInt8]) throws(SlotError) {
        try DurableFile.replace(statePath, with: bytes, on: disk)
    }

    public func loadMetadata(_ name: String) throws(SlotError) -> [UInt8]? {
        if let bytes = try DurableFile.read(path(of: name), on: disk) { return bytes }
        return name == Self.rootName ? try DurableFile.read(shippedRoot, on: disk) : nil
    }

    public func saveMetadata(_ name: String, _ bytes: [UInt8]?) throws(SlotError) {
        if let bytes {
            try DurableFile.replace(path(of: name), with: bytes, permissions: 0o644, on: disk)
        } else {
            try DurableFile.remove(path(of: name), on: disk)
        }
    }

    private var statePath: String { "\(folder)/state.json" }
    private func path(of name: String) -> String { "\(folder)/metadata/\(name)" }
}

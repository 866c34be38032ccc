public import Agent
public import Model

/// What each slot was verified to hold, as one file for each slot in a folder of the agent's own.
///
/// The lines `key=value` can be read by a shell. The files do not lie in or beside the slots: what is
/// beside a device node is gone with the next boot.
public struct ContentRecords {
    private let folder: String
    private let older: [SlotName: String]
    private let disk: any Disk

    /// - Parameters:
    ///   - folder: Made when the first record is.
    ///   - older: Where an agent before this one kept the record of a slot; it counts where there is
    ///     no other.
    public init(
        folder: String, older: [SlotName: String] = [:], on disk: any Disk = LinuxDisk()
    ) {
        self.folder = folder
        self.older = older
        self.disk = disk
    }

    public func content(of slot: SlotName) throws(SlotError) -> SlotContent? {
        if let file = try KeyValueFile(reading: path(of: slot), on: disk) {
            return try Self.content(in: file)
        }
        guard let path = older[slot] else { return nil }
        return try KeyValueFile(reading: path, on: disk).map { file throws(SlotError) in
            try Self.content(in: file)
        }
    }

    /// Durable when it returns; `nil` forgets, wherever the record is.
    public func set(_ content: SlotContent?, of slot: SlotName) throws(SlotError) {
        guard let content else {
            // The newer one last: without it, the older one would count again.
            if let path = older[slot] { try DurableFile.remove(path, on: disk) }
            return try DurableFile.remove(path(of: slot), on: disk)
        }
        try DurableFile.makeDirectory(folder, on: disk)
        try KeyValueFile(path: path(of: slot), values: Self.values(of: content), on: disk).save()
    }

    private func path(of slot: SlotName) -> String { "\(folder)/\(slot).content" }

    private static func values(of content: SlotContent) -> [String: String] {
        [
            "release": "\(content.release)", "sha256": content.sha256.hex,
            "format": content.payload.format.rawValue,
            "length": "\(content.payload.installedLength)",
            "installed_sha256": content.payload.installedSHA256.hex,
        ]
    }

    private static func content(in file: KeyValueFile) throws(SlotError) -> SlotContent {
        let release = try file.value("release", "a release") { ReleaseID($0) }
        let sha256 = try file.value("sha256", "a SHA-256") { Digest(hex: $0) }
        return SlotContent(
            release: release, sha256: sha256, payload: try payload(in: file, sha256))
    }

    /// The oldest records are of raw images, and say of them no more than the digest and the length.
    private static func payload(
        in file: KeyValueFile, _ sha256: Digest
    ) throws(SlotError) -> Payload {
        let format =
            file.values["format"] == nil
            ? .raw : try file.value("format", "a format") { Payload.Format(rawValue: $0) }
        let length = try file.value("length", "a length in bytes") { text in
            Int64(text).flatMap { $0 >= (format.hasSignedContent ? 1 : 0) ? $0 : nil }
        }
        let installed =
            file.values["format"] == nil
            ? sha256 : try file.value("installed_sha256", "a SHA-256") { Digest(hex: $0) }
        return Payload(format: format, installedLength: length, installedSHA256: installed)
    }
}

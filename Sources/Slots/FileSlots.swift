public import Agent
public import Model

/// Two slots in two files; what each was verified to hold stands beside it in `FILE.content`.
public final class FileSlots: SlotSet {
    private let paths: [SlotName: String]
    private let disk: any Disk
    private var writing: (file: any DiskFile, offset: Int64)?

    /// - Parameter paths: Of exactly two slots.
    public init(_ paths: [SlotName: String], on disk: any Disk = LinuxDisk()) {
        self.disk = disk
        precondition(paths.count == 2, "an update needs a slot to write while the other runs")
        self.paths = paths
    }

    public func spare(besides booted: SlotName) throws(SlotError) -> SlotName {
        guard paths[booted] != nil, let spare = paths.keys.first(where: { $0 != booted }) else {
            throw .missing(path: "slot \(booted)")
        }
        return spare
    }

    public func takes(_ format: Payload.Format) -> Bool { format == .raw }

    public func begin(
        _ slot: SlotName, _ payload: Payload, length: Int64, at offset: Int64,
        kept: ([UInt8]) -> Void
    ) throws(SlotError) -> Int64 {
        let file = try disk.open(path(of: slot), .make(permissions: 0o600))
        try file.allocate(length: length)
        if offset > 0 { try read(slot, length: offset, receive: kept) }
        writing = (file, offset)
        return offset
    }

    public func finish(describe: ([UInt8]) -> Void) throws(SlotError) {}

    public func write(_ bytes: [UInt8]) throws(SlotError) {
        let (file, offset) = open()
        try file.write(bytes, at: offset)
        writing = (file, offset + Int64(bytes.count))
    }

    public func sync() throws(SlotError) { try open().file.sync() }

    public func end() { writing = nil }

    private func open() -> (file: any DiskFile, offset: Int64) {
        guard let writing else { preconditionFailure("begin() comes before writing to a slot") }
        return writing
    }

    public func read(
        _ slot: SlotName, length: Int64, receive: ([UInt8]) -> Void
    ) throws(SlotError) {
        let file = try disk.open(path(of: slot), .read)
        // What the kernel remembers writing is no proof of what the medium kept.
        try file.forgetCache()
        var offset: Int64 = 0
        while offset < length {
            let bytes = try file.read(at: offset, maximum: Int(min(length - offset, 262_144)))
            guard !bytes.isEmpty else {
                throw .malformed(path: file.path, problem: "it ends \(length - offset) bytes early")
            }
            receive(bytes)
            offset += Int64(bytes.count)
        }
    }

    public func content(of slot: SlotName) throws(SlotError) -> SlotContent? {
        guard let file = try KeyValueFile(reading: "\(path(of: slot)).content", on: disk) else {
            return nil
        }
        let release = try file.value("release", "a release") { ReleaseID($0) }
        let sha256 = try file.value("sha256", "a SHA-256") { Digest(hex: $0) }
        return SlotContent(
            release: release, sha256: sha256,
            payload: Payload(
                format: .raw,
                installedLength: try file.value("length", "a length in bytes") { text in
                    Int64(text).flatMap { $0 >= 1 ? $0 : nil }
                }, installedSHA256: sha256))
    }

    public func setContent(_ content: SlotContent?, of slot: SlotName) throws(SlotError) {
        let record = "\(try path(of: slot)).content"
        guard let content else { return try DurableFile.remove(record, on: disk) }
        try KeyValueFile(
            path: record,
            values: [
                "release": "\(content.release)", "sha256": content.sha256.hex,
                "length": "\(content.payload.installedLength)",
            ], on: disk
        ).save()
    }

    /// Where the bytes of `slot` are.
    public func path(of slot: SlotName) throws(SlotError) -> String {
        guard let path = paths[slot] else { throw .missing(path: "slot \(slot)") }
        return path
    }
}

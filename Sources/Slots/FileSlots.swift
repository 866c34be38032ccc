public import Agent
public import Model

/// Two slots in two files; what each was verified to hold stands beside it in `FILE.content`.
public final class FileSlots: SlotSet {
    private let paths: [SlotName: String]
    private var writing: OpenSlot?

    /// - Parameter paths: Of exactly two slots.
    public init(_ paths: [SlotName: String]) {
        precondition(paths.count == 2, "an update needs a slot to write while the other runs")
        self.paths = paths
    }

    /// Keeps the non-copyable file where a class can hold it.
    private final class OpenSlot {
        let file: File
        init(_ file: consuming File) { self.file = file }
    }

    public func spare(besides booted: SlotName) throws(SlotError) -> SlotName {
        guard paths[booted] != nil, let spare = paths.keys.first(where: { $0 != booted }) else {
            throw .missing(path: "slot \(booted)")
        }
        return spare
    }

    public func begin(_ slot: SlotName, at offset: Int64, length: Int64) throws(SlotError) {
        let file = try File(path(of: slot), .update(permissions: 0o600))
        try file.allocate(length: length)
        try file.seek(to: offset)
        writing = OpenSlot(file)
    }

    public func write(_ bytes: [UInt8]) throws(SlotError) { try open().file.write(bytes) }

    public func sync() throws(SlotError) { try open().file.sync() }

    public func end() { writing = nil }

    private func open() -> OpenSlot {
        guard let writing else { preconditionFailure("begin() comes before writing to a slot") }
        return writing
    }

    public func read(
        _ slot: SlotName, length: Int64, receive: ([UInt8]) -> Void
    ) throws(SlotError) {
        let file = try File(path(of: slot), .read)
        // What the kernel remembers writing is no proof of what the medium kept.
        file.forgetCache()
        var left = length
        while left > 0 {
            let bytes = try file.read(maximum: Int(min(left, 262_144)))
            guard !bytes.isEmpty else {
                throw .malformed(path: file.path, problem: "it ends \(left) bytes early")
            }
            receive(bytes)
            left -= Int64(bytes.count)
        }
    }

    public func content(of slot: SlotName) throws(SlotError) -> SlotContent? {
        guard let file = try KeyValueFile(reading: "\(path(of: slot)).content") else { return nil }
        return SlotContent(
            release: try file.value("release", "a release") { ReleaseID($0) },
            sha256: try file.value("sha256", "a SHA-256") { Digest(hex: $0) },
            length: try file.value("length", "a length in bytes") { text in
                Int64(text).flatMap { $0 >= 1 ? $0 : nil }
            })
    }

    public func setContent(_ content: SlotContent?, of slot: SlotName) throws(SlotError) {
        let record = "\(try path(of: slot)).content"
        guard let content else { return try DurableFile.remove(record) }
        try KeyValueFile(
            path: record,
            values: [
                "release": "\(content.release)", "sha256": content.sha256.hex,
                "length": "\(content.length)",
            ]
        ).save()
    }

    /// Where the bytes of `slot` are.
    public func path(of slot: SlotName) throws(SlotError) -> String {
        guard let path = paths[slot] else { throw .missing(path: "slot \(slot)") }
        return path
    }
}

public import Agent
internal import Archives
public import Model

/// Two slots that are two directories, filled from tar archives.
///
///     FOLDER/versions/a       what slot a holds
///     FOLDER/versions/b
///     FOLDER/current          the link to the one that is started: ``LinkBootloader``'s
///     FOLDER/spool/b.image    the archive on its way
///
/// The slots are two directories and not one for each version, so that the device never needs room
/// for more than two versions and an archive, and so that everything that knows of two slots works
/// for them. Nobody may write below `versions`: what an application keeps belongs elsewhere.
///
/// The archive is fetched whole, and found to be the signed one, before anything looks into it.
/// It is unpacked into a new directory, that is made durable, and only then gets the slot's name.
///
/// ## Order of writes
///
/// 1. The record of the slot's content is removed: from here on nothing trusts the slot.
/// 2. The archive is written to the spool and synced.
/// 3. What is in `versions/.b.new` and `versions/b` is removed.
/// 4. The archive is unpacked into `versions/.b.new`, and that is synced with all that is in it.
/// 5. `versions/.b.new` is renamed to `versions/b`, and `versions` is synced.
/// 6. The tree is read back from the medium, and its record is written.
///
/// A cut before 6 leaves a slot without a record, in whatever state, which is filled again. The
/// other directory and the link are touched in none of these steps.
public final class DirectorySlots: SlotSet {
    private let folder: String
    private let records: ContentRecords
    private let options: Options
    private let disk: any Disk
    private var writing: (slot: SlotName, spool: Spool)?

    public struct Options {
        /// The most that the files of one version may take, in bytes.
        public var maximumBytes: Int64
        public var maximumEntries: Int
        /// Whether an archive may hold programs that run as their owner, whoever starts them.
        public var allowsSetID: Bool

        public init(
            maximumBytes: Int64 = 8_589_934_592, maximumEntries: Int = 200_000,
            allowsSetID: Bool = false
        ) {
            self.maximumBytes = maximumBytes
            self.maximumEntries = maximumEntries
            self.allowsSetID = allowsSetID
        }
    }

    /// The two slots.
    public static let names: [SlotName] = ["a", "b"].compactMap { SlotName($0) }

    /// - Parameter recordFolder: Keeps what each slot holds.
    public init(
        folder: String, recordFolder: String, options: Options = Options(),
        on disk: any Disk = LinuxDisk()
    ) {
        self.folder = folder
        self.options = options
        self.disk = disk
        records = ContentRecords(folder: recordFolder, on: disk)
    }

    public func takes(_ format: Payload.Format) -> Bool { format == .tar }

    public func spare(besides booted: SlotName) throws(SlotError) -> SlotName {
        _ = try path(of: booted)
        guard let spare = Self.names.first(where: { $0 != booted }) else {
            throw .missing(path: "slot \(booted)")
        }
        return spare
    }

    public func begin(
        _ slot: SlotName, _ payload: Payload, length: Int64, at offset: Int64,
        kept: ([UInt8]) -> Void
    ) throws(SlotError) -> Int64 {
        _ = try path(of: slot)
        try refuseCurrent(slot)
        // Better before the download than after it.
        guard ArchiveReader.isAvailable else {
            throw .failed(
                operation: "unpack archives into", path: folder,
                reason: "\(ArchiveError.noLibrary)")
        }
        try makeDirectory("versions")
        let spool = try Spool(spoolPath(of: slot), length: length, on: disk)
        let began = try spool.resume(at: offset, kept: kept)
        writing = (slot, spool)
        return began
    }

    private func makeDirectory(_ name: String) throws(SlotError) {
        try disk.makeDirectory("\(folder)/\(name)", permissions: 0o755)
        // Also where it is there already: whoever made it may have been killed before this.
        try disk.syncDirectory(folder)
    }

    /// Whatever anybody says, what is started now stays.
    private func refuseCurrent(_ slot: SlotName) throws(SlotError) {
        guard case .link(let target) = try disk.entry("\(folder)/current"),
            target.split(separator: "/").last.map(String.init) == slot.text
        else { return }
        throw .failed(
            operation: "write to", path: try path(of: slot), reason: "the link current leads there")
    }

    public func write(_ bytes: [UInt8]) throws(SlotError) { try open().spool.write(bytes) }

    public func sync() throws(SlotError) { try open().spool.sync() }

    public func finish(describe: ([UInt8]) -> Void) throws(SlotError) {
        let (slot, spool) = open()
        let path = try path(of: slot)
        let new = "\(folder)/versions/.\(slot).new"
        try refuseCurrent(slot)
        try Tree.remove(new, on: disk)
        try Tree.remove(path, on: disk)
        do throws(SlotError) {
            try unpack(spool, into: new)
        } catch {
            // What a full disk cut short must not take up what little room there is.
            try? Tree.remove(new, on: disk)
            throw error
        }
        try disk.syncTree(new)
        try disk.rename(new, to: path)
        try disk.syncDirectory("\(folder)/versions")
        try Tree.describe(path, on: disk, receive: describe)
    }

    private func unpack(_ spool: Spool, into new: String) throws(SlotError) {
        try disk.makeDirectory(new, permissions: 0o755)
        var writer = TreeWriter(
            root: new,
            limits: TreeWriter.Limits(
                entries: options.maximumEntries, bytes: options.maximumBytes,
                allowsSetID: options.allowsSetID), on: disk)
        try writer.unpack(spool.reader())
    }

    public func end() { writing = nil }

    private func open() -> (slot: SlotName, spool: Spool) {
        guard let writing else { preconditionFailure("begin() comes before writing to a slot") }
        return writing
    }

    /// Hands on the description of the slot's tree; whatever its `length`, all of it.
    public func read(
        _ slot: SlotName, length: Int64, receive: ([UInt8]) -> Void
    ) throws(SlotError) {
        let path = try path(of: slot)
        guard try disk.entry(path) == .directory else { throw .missing(path: path) }
        try Tree.describe(path, on: disk, receive: receive)
    }

    public func content(of slot: SlotName) throws(SlotError) -> SlotContent? {
        _ = try path(of: slot)
        return try records.content(of: slot)
    }

    public func setContent(_ content: SlotContent?, of slot: SlotName) throws(SlotError) {
        _ = try path(of: slot)
        try records.set(content, of: slot)
        // The slot holds it: the archive has done its work.
        if content != nil { try DurableFile.remove(spoolPath(of: slot), on: disk) }
    }

    private func spoolPath(of slot: SlotName) -> String { "\(folder)/spool/\(slot).image" }

    private func path(of slot: SlotName) throws(SlotError) -> String {
        guard Self.names.contains(slot) else { throw .missing(path: "slot \(slot)") }
        return "\(folder)/versions/\(slot)"
    }
}

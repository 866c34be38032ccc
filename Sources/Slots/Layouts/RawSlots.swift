public import Agent
internal import Codecs
public import Model

/// Two slots in two partitions, or in two files: an image's bytes are what the slot holds.
///
/// Images come as they are or compressed, and are decompressed on their way. They are written past
/// the kernel's cache, as good as that goes, and read back from the medium.
///
/// ## Going on where a download was cut off
///
/// An image that is not compressed goes on behind the bytes that are in the slot. Of a compressed one
/// the slot holds what it became: within one life of the process the decompressor is kept from one
/// try to the next, and ``begin(_:_:length:at:kept:)`` goes on without handing on the bytes from
/// before, when it is asked to go on exactly there; after a restart it begins anew. With a folder for
/// it, a compressed image is kept there as well, and is decompressed again from there.
public final class RawSlots: SlotSet {
    private let paths: [SlotName: String]
    private let records: ContentRecords
    private let options: Options
    private let disk: any Disk
    private var writing: RawImage?

    public struct Options {
        /// A folder that keeps compressed images until they are installed; `nil` for none.
        public var spoolFolder: String?
        /// The most memory that decompressing takes, about; in bytes.
        public var windowBytes: Int
        public var slotGuard: SlotGuard

        public init(
            spoolFolder: String? = nil, windowBytes: Int = Self.standardWindowBytes,
            slotGuard: SlotGuard = SlotGuard()
        ) {
            precondition(Self.allowedWindowBytes.contains(windowBytes), "a window has its bounds")
            self.spoolFolder = spoolFolder
            self.windowBytes = windowBytes
            self.slotGuard = slotGuard
        }

        public static var standardWindowBytes: Int { DecoderLimits.standardWindowBytes }
        public static var allowedWindowBytes: ClosedRange<Int> { DecoderLimits.allowedWindowBytes }
    }

    /// - Parameters:
    ///   - paths: Of exactly two slots, in two places. What is not below `/dev` is made when it is
    ///     missing.
    ///   - recordFolder: Keeps what each slot holds. A record beside a slot, where an older agent
    ///     left it, counts as long as there is none in the folder.
    public init(
        _ paths: [SlotName: String], recordFolder: String, options: Options = Options(),
        on disk: any Disk = LinuxDisk()
    ) {
        precondition(
            paths.count == 2 && Set(paths.values).count == 2,
            "an update needs a slot to write while the other runs")
        self.paths = paths
        self.options = options
        self.disk = disk
        records = ContentRecords(
            folder: recordFolder, older: paths.mapValues { "\($0).content" }, on: disk)
    }

    public func takes(_ format: Payload.Format) -> Bool { format.hasSignedContent }

    public func spare(besides booted: SlotName) throws(SlotError) -> SlotName {
        try paths.spare(besides: booted)
    }

    public func begin(
        _ slot: SlotName, _ payload: Payload, length: Int64, at offset: Int64,
        kept: ([UInt8]) -> Void
    ) throws(SlotError) -> Int64 {
        if let writing, writing.goesOn(slot, payload, at: offset) { return offset }
        writing = nil
        do throws(SlotError) {
            let image = try image(for: slot, payload, length: length)
            let began = try image.resume(at: offset, kept: kept)
            writing = image
            return began
        } catch {
            guard offset > 0 else { throw error }
            // What was kept is of no use; where the medium is not either, the next line says so.
            writing = try image(for: slot, payload, length: length)
            return 0
        }
    }

    private func image(
        for slot: SlotName, _ payload: Payload, length: Int64
    ) throws(SlotError) -> RawImage {
        let path = try path(of: slot)
        let claim = try options.slotGuard.claim(path)
        let file = try disk.open(
            path, path.hasPrefix("/dev/") ? .update : .make(permissions: 0o600))
        try file.allocate(length: payload.installedLength)
        return try RawImage(
            slot, payload, length: length, file: file, claim: claim,
            spool: try spool(of: slot, payload, length: length),
            windowBytes: options.windowBytes, on: disk)
    }

    private func spool(
        of slot: SlotName, _ payload: Payload, length: Int64
    ) throws(SlotError) -> Spool? {
        guard let folder = options.spoolFolder, payload.format != .raw else { return nil }
        return try Spool("\(folder)/\(slot).image", length: length, on: disk)
    }

    public func write(_ bytes: [UInt8]) throws(SlotError) { try open().write(bytes) }

    public func sync() throws(SlotError) { try open().sync() }

    public func finish(describe: ([UInt8]) -> Void) throws(SlotError) {
        let image = open()
        try image.finish()
        writing = nil
    }

    public func end() {
        if writing?.outlivesItsTry != true { writing = nil }
    }

    private func open() -> RawImage {
        guard let writing else { preconditionFailure("begin() comes before writing to a slot") }
        return writing
    }

    public func read(
        _ slot: SlotName, length: Int64, receive: ([UInt8]) -> Void
    ) throws(SlotError) {
        let file = try disk.open(path(of: slot), .read)
        // What the kernel remembers writing is no proof of what the medium kept.
        try file.forgetCache()
        // Nobody is going to need it soon: what the kernel remembers is for others.
        try file.forEachPiece(upTo: length, receive: receive)
    }

    public func content(of slot: SlotName) throws(SlotError) -> SlotContent? {
        _ = try path(of: slot)
        return try records.content(of: slot)
    }

    public func setContent(_ content: SlotContent?, of slot: SlotName) throws(SlotError) {
        _ = try path(of: slot)
        try records.set(content, of: slot)
        guard content != nil, let folder = options.spoolFolder else { return }
        // The slot holds it: the compressed image has done its work.
        try DurableFile.remove("\(folder)/\(slot).image", on: disk)
    }

    private func path(of slot: SlotName) throws(SlotError) -> String { try paths.called(slot) }
}

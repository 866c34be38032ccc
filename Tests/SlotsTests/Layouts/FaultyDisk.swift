import Agent
import Slots

/// The machine's own disk, with one thing wrong.
struct FaultyDisk: Disk {
    enum Fault {
        /// The byte at the offset reads back as another.
        case lies(at: Int64)
        /// Nothing opens for writing.
        case isReadOnly
        /// Syncing fails, as it does when the medium did not take what was written.
        case losesWrites
        /// The medium is full after so many bytes.
        case fillsUp(after: Int64)
    }

    let fault: Fault
    /// What the fault is about; other files are sound.
    let path: String
    private let sound = LinuxDisk()

    init(_ fault: Fault, at path: String) {
        self.fault = fault
        self.path = path
    }

    func open(_ path: String, _ access: DiskAccess) throws(SlotError) -> any DiskFile {
        if case .isReadOnly = fault, path == self.path, access != .read {
            throw .failed(operation: "open", path: path, reason: "Read-only file system")
        }
        let file = try sound.open(path, access)
        return path == self.path ? FaultyFile(file, fault) : file
    }

    func entry(_ path: String) throws(SlotError) -> DiskEntry? { try sound.entry(path) }
    func permissions(of path: String) throws(SlotError) -> UInt32 {
        try sound.permissions(of: path)
    }
    func names(in directory: String) throws(SlotError) -> [String] {
        try sound.names(in: directory)
    }
    func rename(_ path: String, to new: String) throws(SlotError) {
        try sound.rename(path, to: new)
    }
    func remove(_ path: String) throws(SlotError) { try sound.remove(path) }
    func removeDirectory(_ path: String) throws(SlotError) { try sound.removeDirectory(path) }
    func makeDirectory(_ path: String, permissions: UInt32) throws(SlotError) {
        try sound.makeDirectory(path, permissions: permissions)
    }
    func makeLink(_ path: String, to target: String) throws(SlotError) {
        try sound.makeLink(path, to: target)
    }
    func syncDirectory(_ path: String) throws(SlotError) { try sound.syncDirectory(path) }
}

private final class FaultyFile: DiskFile {
    private let sound: any DiskFile
    private let fault: FaultyDisk.Fault

    init(_ sound: any DiskFile, _ fault: FaultyDisk.Fault) {
        self.sound = sound
        self.fault = fault
    }

    var path: String { sound.path }
    func length() throws(SlotError) -> Int64 { try sound.length() }

    func read(at offset: Int64, maximum: Int) throws(SlotError) -> [UInt8] {
        var bytes = try sound.read(at: offset, maximum: maximum)
        if case .lies(let place) = fault, place >= offset, place - offset < Int64(bytes.count) {
            bytes[Int(place - offset)] ^= 1
        }
        return bytes
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws(SlotError) {
        if case .fillsUp(let limit) = fault, offset + Int64(bytes.count) > limit {
            throw .full(path: path)
        }
        try sound.write(bytes, at: offset)
    }

    func allocate(length: Int64) throws(SlotError) { try sound.allocate(length: length) }

    func sync() throws(SlotError) {
        if case .losesWrites = fault {
            throw .failed(operation: "sync", path: path, reason: "Input/output error")
        }
        try sound.sync()
    }

    func forgetCache() throws(SlotError) { try sound.forgetCache() }
}

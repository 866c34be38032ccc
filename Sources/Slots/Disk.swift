public import Agent

/// What every file, slot and boot environment of a device is written through, call by call.
///
/// It is as small as it can be, so that a test can stand in for it and cut the power at any call,
/// with whatever was not synced lost, torn or in another order. ``LinuxDisk`` is the real one.
public protocol Disk {
    func open(_ path: String, _ access: DiskAccess) throws(SlotError) -> any DiskFile
    /// What is at `path`, links not followed; `nil` when nothing is.
    func entry(_ path: String) throws(SlotError) -> DiskEntry?
    /// The twelve bits of chmod(1) of what is at `path`, links not followed.
    func permissions(of path: String) throws(SlotError) -> UInt32
    /// The names in a directory, in no order.
    func names(in directory: String) throws(SlotError) -> [String]
    /// Puts the file, link or directory at `path` in the place of what is at `new`.
    func rename(_ path: String, to new: String) throws(SlotError)
    /// Removes a file or a link; what is not there is gone already.
    func remove(_ path: String) throws(SlotError)
    /// Removes an empty directory; what is not there is gone already.
    func removeDirectory(_ path: String) throws(SlotError)
    /// Makes a directory with exactly these permissions; one that is there stays as it is.
    func makeDirectory(_ path: String, permissions: UInt32) throws(SlotError)
    /// Makes a symbolic link at `path`, where nothing may be yet.
    func makeLink(_ path: String, to target: String) throws(SlotError)
    /// Returns once the names that were made, changed and removed in it survive a power cut.
    func syncDirectory(_ path: String) throws(SlotError)
    /// Returns once the directory at `path` and everything under it survives a power cut.
    func syncTree(_ path: String) throws(SlotError)
}

extension Disk {
    public func syncTree(_ path: String) throws(SlotError) {
        for name in try names(in: path) {
            let inside = "\(path)/\(name)"
            switch try entry(inside) {
            case .file: try open(inside, .read).sync()
            case .directory: try syncTree(inside)
            case .link, .blockDevice, .other, nil: continue
            }
        }
        try syncDirectory(path)
    }
}

/// How a file is opened.
public enum DiskAccess: Hashable, Sendable {
    case read
    /// For a file or device that is there; keeps what it holds.
    case update
    /// Makes the file when it is missing; keeps what it holds.
    case make(permissions: UInt32)
    /// Fails when the file is there already; one that it makes has exactly these permissions.
    case create(permissions: UInt32)
}

/// What is at a path.
public enum DiskEntry: Hashable, Sendable {
    case file(length: Int64)
    case directory
    case link(target: String)
    case blockDevice
    case other
}

/// An open file or block device; closed when its life ends.
public protocol DiskFile: AnyObject {
    var path: String { get }
    /// In bytes; of a block device its capacity.
    func length() throws(SlotError) -> Int64
    /// At most `maximum` bytes from `offset` on; none at the end.
    func read(at offset: Int64, maximum: Int) throws(SlotError) -> [UInt8]
    /// Writes all of `bytes`, over what is there or behind it.
    func write(_ bytes: [UInt8], at offset: Int64) throws(SlotError)
    /// Makes a file exactly so long, with space on the medium for all of it; so a full disk is
    /// noticed before the first byte. Nothing happens to a block device that is long enough.
    func allocate(length: Int64) throws(SlotError)
    /// Returns once everything that was written survives a power cut.
    func sync() throws(SlotError)
    /// Sends what was written before `offset`, one piece behind the other, on its way to the medium
    /// and lets the kernel forget it, so that a large image does not push out of its memory what the
    /// device works with. Promises nothing: that is for ``sync()``.
    func settle(upTo offset: Int64) throws(SlotError)
    /// Lets what is read next come from the medium, as far as everything written is synced.
    func forgetCache() throws(SlotError)
}

extension DiskFile {
    /// The `count` bytes from `offset` on; fewer only at the end.
    func bytes(at offset: Int64, count: Int) throws(SlotError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let piece = try read(at: offset + Int64(bytes.count), maximum: count - bytes.count)
            guard !piece.isEmpty else { break }
            bytes += piece
        }
        return bytes
    }

    public func settle(upTo offset: Int64) throws(SlotError) {}
}

extension DiskFile {
    /// Hands on the first `end` bytes piece by piece, and leaves none of them in the page cache.
    func forEachPiece(upTo end: Int64, receive: ([UInt8]) -> Void) throws(SlotError) {
        var offset: Int64 = 0
        while offset < end {
            let piece = try read(at: offset, maximum: Int(min(end - offset, 262_144)))
            guard !piece.isEmpty else {
                throw .malformed(path: path, problem: "it ends \(end - offset) bytes early")
            }
            receive(piece)
            offset += Int64(piece.count)
            if offset % 8_388_608 == 0 || offset == end { try forgetCache() }
        }
    }
}

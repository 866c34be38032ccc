public import Agent
internal import Glibc

/// The machine's own files and block devices.
public struct LinuxDisk: Disk {
    public init() {}

    public func open(_ path: String, _ access: DiskAccess) throws(SlotError) -> any DiskFile {
        switch access {
        case .read: LinuxFile(try File(path, .read))
        case .update: LinuxFile(try File(path, .overwrite))
        case .make(let permissions): LinuxFile(try File(path, .update(permissions: permissions)))
        case .create(let permissions): LinuxFile(try File(path, .create(permissions: permissions)))
        }
    }

    public func entry(_ path: String) throws(SlotError) -> DiskEntry? {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SlotError(errno, "look at", path)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file(length: Int64(status.st_size))
        case S_IFDIR: return .directory
        case S_IFLNK: return .link(target: try target(of: path))
        case S_IFBLK: return .blockDevice
        default: return .other
        }
    }

    private func target(of path: String) throws(SlotError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe buffer.withUnsafeMutableBufferPointer { raw in
            unsafe raw.baseAddress.map { unsafe readlink(path, $0, raw.count) } ?? -1
        }
        guard count >= 0 else { throw SlotError(errno, "read the link", path) }
        return String(
            decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    public func names(in directory: String) throws(SlotError) -> [String] {
        guard let handle = unsafe opendir(directory) else {
            throw SlotError(errno, "list", directory)
        }
        defer { unsafe closedir(handle) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(handle) else {
                guard errno == 0 else { throw SlotError(errno, "list", directory) }
                return names
            }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    public func rename(_ path: String, to new: String) throws(SlotError) {
        guard unsafe Glibc.rename(path, new) == 0 else { throw SlotError(errno, "rename to", new) }
    }

    public func remove(_ path: String) throws(SlotError) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            throw SlotError(errno, "remove", path)
        }
    }

    public func removeDirectory(_ path: String) throws(SlotError) {
        guard unsafe rmdir(path) == 0 || errno == ENOENT else {
            throw SlotError(errno, "remove the directory", path)
        }
    }

    public func makeDirectory(_ path: String, permissions: UInt32) throws(SlotError) {
        guard unsafe mkdir(path, permissions) == 0 || errno == EEXIST else {
            throw SlotError(errno, "make the directory", path)
        }
    }

    public func makeLink(_ path: String, to target: String) throws(SlotError) {
        guard unsafe symlink(target, path) == 0 else { throw SlotError(errno, "link", path) }
    }

    public func syncDirectory(_ path: String) throws(SlotError) {
        try File(path, .read).sync()
    }
}

/// A file of ``LinuxDisk``.
private final class LinuxFile: DiskFile {
    private let file: File

    init(_ file: consuming File) { self.file = file }

    var path: String { file.path }

    func length() throws(SlotError) -> Int64 { try file.length() }

    func read(at offset: Int64, maximum: Int) throws(SlotError) -> [UInt8] {
        try file.read(at: offset, maximum: maximum)
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws(SlotError) {
        try file.write(bytes, at: offset)
    }

    func allocate(length: Int64) throws(SlotError) {
        guard file.isBlockDevice else { return try file.allocate(length: length) }
        guard try file.length() >= length else { throw .full(path: path) }
    }

    func sync() throws(SlotError) { try file.sync() }

    func forgetCache() { file.forgetCache() }
}

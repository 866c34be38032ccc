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
        case .create(let permissions): LinuxFile(try created(path, permissions))
        }
    }

    /// The process's own mask must not decide what an image's files may do.
    private func created(_ path: String, _ permissions: UInt32) throws(SlotError) -> File {
        let file = try File(path, .create(permissions: permissions))
        try file.setPermissions(permissions)
        return file
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

    public func permissions(of path: String) throws(SlotError) -> UInt32 {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { throw SlotError(errno, "look at", path) }
        return status.st_mode & 0o7777
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
        guard unsafe mkdir(path, permissions) == 0 else {
            if errno == EEXIST { return }
            throw SlotError(errno, "make the directory", path)
        }
        guard unsafe chmod(path, permissions) == 0 else {
            throw SlotError(errno, "set the permissions of", path)
        }
    }

    public func makeLink(_ path: String, to target: String) throws(SlotError) {
        guard unsafe symlink(target, path) == 0 else { throw SlotError(errno, "link", path) }
    }

    public func syncDirectory(_ path: String) throws(SlotError) {
        try File(path, .read).sync()
    }

    /// The whole file system at once: thousands of small files would be thousands of commits.
    public func syncTree(_ path: String) throws(SlotError) {
        try File(path, .read).syncFileSystem()
    }
}

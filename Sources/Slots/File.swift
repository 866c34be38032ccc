internal import Agent
internal import CLinux
internal import Glibc

/// An open file; closed when its life ends.
@safe struct File: ~Copyable {
    /// Never negative; closed in `deinit` and nowhere else.
    private let descriptor: Int32
    let path: String

    enum Access {
        case read
        /// Fails when there is no such file; keeps what it holds.
        case overwrite
        /// Makes the file when it is missing; keeps what it holds.
        case update(permissions: mode_t)
        /// Fails when the file is there already.
        case create(permissions: mode_t)
        /// Makes a file without a name in the directory.
        case unnamed(permissions: mode_t)
    }

    init(_ path: String, _ access: Access) throws(SlotError) {
        let descriptor =
            switch access {
            // A pipe that somebody put in the place of a file must not hold us up.
            case .read: unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            case .overwrite: unsafe open(path, O_RDWR | O_CLOEXEC)
            case .update(let permissions):
                unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, permissions)
            case .create(let permissions):
                unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
            case .unnamed(let permissions):
                unsafe open(path, O_RDWR | Self.unnamed | O_CLOEXEC, permissions)
            }
        guard descriptor >= 0 else { throw SlotError(errno, "open", path) }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// Writes all of `bytes` at the current place.
    func write(_ bytes: [UInt8]) throws(SlotError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe Glibc.write(
                    descriptor, raw.baseAddress.map { unsafe $0 + done }, raw.count - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SlotError(count < 0 ? errno : EIO, "write", path) }
            done += count
        }
    }

    /// Reads at most `maximum` bytes from `offset` on; none at the end of the file.
    func read(at offset: Int64, maximum: Int) throws(SlotError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: maximum) { buffer, count in
            var result = unsafe pread(descriptor, buffer.baseAddress, maximum, off_t(offset))
            while result < 0, errno == EINTR {
                result = unsafe pread(descriptor, buffer.baseAddress, maximum, off_t(offset))
            }
            // What has no places is read from where it stands, such as a pipe that somebody put here.
            if result < 0, errno == ESPIPE {
                result = unsafe Glibc.read(descriptor, buffer.baseAddress, maximum)
            }
            if result < 0 { failure = errno }
            count = max(0, result)
        }
        guard failure == 0 else { throw SlotError(failure, "read", path) }
        return bytes
    }

    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: [UInt8], at offset: Int64) throws(SlotError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe pwrite(
                    descriptor, raw.baseAddress.map { unsafe $0 + done }, raw.count - done,
                    off_t(offset) + off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SlotError(count < 0 ? errno : EIO, "write", path) }
            done += count
        }
    }

    var isBlockDevice: Bool {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFBLK
    }

    /// In bytes; of a block device its capacity.
    func length() throws(SlotError) -> Int64 {
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else { throw SlotError(errno, "measure", path) }
        return Int64(end)
    }

    /// Makes the file exactly `length` bytes long, with space on the medium for all of them.
    ///
    /// A full disk is noticed here, before the first byte is fetched.
    func allocate(length: Int64) throws(SlotError) {
        let code = posix_fallocate(descriptor, 0, off_t(length))
        // Some file systems cannot allocate ahead; they tell of a full disk when written to.
        guard code == 0 || code == EOPNOTSUPP || code == EINVAL else {
            throw SlotError(code, "allocate \(length) bytes for", path)
        }
        guard ftruncate(descriptor, off_t(length)) == 0 else {
            throw SlotError(errno, "set the length of", path)
        }
    }

    /// Returns once everything that was written survives a power cut.
    func sync() throws(SlotError) {
        guard fsync(descriptor) == 0 else { throw SlotError(errno, "sync", path) }
    }

    /// Gives a file that has no name the name `path`, which nothing else may have.
    func link(to path: String) throws(SlotError) {
        let own = "/proc/self/fd/\(descriptor)"
        guard unsafe linkat(AT_FDCWD, own, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 else {
            throw SlotError(errno, "link", path)
        }
    }

    /// `O_TMPFILE`, which Swift does not import because it is written with other macros.
    private static let unnamed = O_DIRECTORY | 0o20000000

    /// Returns once everything on the file's file system survives a power cut.
    func syncFileSystem() throws(SlotError) {
        guard syncfs(descriptor) == 0 else { throw SlotError(errno, "sync", path) }
    }

    func setPermissions(_ permissions: mode_t) throws(SlotError) {
        guard fchmod(descriptor, permissions) == 0 else {
            throw SlotError(errno, "set the permissions of", path)
        }
    }

    /// Sends what is written there on its way to the medium; does not wait, promises nothing.
    func startWriting(from offset: Int64, length: Int64) {
        _ = sync_file_range(descriptor, offset, length, slipway_write)
    }

    /// Waits until the medium has taken what is written there; errors are for ``sync()`` to tell.
    func finishWriting(from offset: Int64, length: Int64) {
        _ = sync_file_range(
            descriptor, offset, length, slipway_wait_before | slipway_write | slipway_wait_after)
    }

    /// Lets what is read next come from the medium, as far as everything written is synced.
    ///
    /// Pages that are clean are dropped, of a file and of a block device, and nobody has to be root
    /// for it. Reading past the cache with `O_DIRECT` would say the same, and needs a medium and a
    /// file system that can.
    func forgetCache(from offset: Int64 = 0, length: Int64 = 0) {
        _ = posix_fadvise(descriptor, off_t(offset), off_t(length), POSIX_FADV_DONTNEED)
    }

    /// Takes the flag away that keeps everyone from changing the file.
    func clearImmutableFlag() throws(SlotError) {
        // FS_IOC_GETFLAGS and FS_IOC_SETFLAGS, which Swift does not import; FS_IMMUTABLE_FL.
        let word = UInt(MemoryLayout<CLong>.size) << 16
        var flags: CLong = 0
        guard unsafe ioctl(descriptor, 0x8000_6601 | word, &flags) == 0 else {
            // A file system without flags has nothing to take away.
            if errno == ENOTTY || errno == EOPNOTSUPP { return }
            throw SlotError(errno, "read the flags of", path)
        }
        guard flags & 0x10 != 0 else { return }
        flags &= ~0x10
        guard unsafe ioctl(descriptor, 0x4000_6602 | word, &flags) == 0 else {
            throw SlotError(errno, "clear the immutable flag of", path)
        }
    }

    /// Whether this process now holds the file's only lock; it ends with the file's life.
    func lock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }
}

extension SlotError {
    init(_ code: Int32, _ operation: String, _ path: String) {
        switch code {
        case ENOSPC, EDQUOT: self = .full(path: path)
        case ENOENT: self = .missing(path: path)
        default:
            let reason = unsafe String(cString: strerror(code))
            self = .failed(operation: operation, path: path, reason: reason)
        }
    }
}

internal import CArchive
internal import Glibc

/// Reads a tar archive, compressed with gzip, Zstandard, xz or not at all, entry by entry.
///
/// It hands on what the archive says and checks nothing of it. It stays on the thread that made it.
@safe public final class ArchiveReader {
    private let functions: slipway_archive_functions
    /// Freed in `deinit` and nowhere else.
    private let archive: UnsafeMutableRawPointer
    private let source: ByteSource

    /// Loads libarchive when that has not happened yet, and begins to read.
    ///
    /// - Parameter next: Hands on the next bytes of the archive, none at its end and `nil` when
    ///   they cannot be had.
    /// - Throws: ``ArchiveError``.
    public init(_ next: @escaping () -> [UInt8]?) throws(ArchiveError) {
        var functions = slipway_archive_functions()
        guard unsafe slipway_archive_load(&functions) != 0 else { throw .noLibrary }
        guard let archive = unsafe functions.read_new() else { throw .malformed("no memory") }
        self.functions = functions
        unsafe self.archive = archive
        source = ByteSource(next)
        try open()
    }

    deinit { _ = unsafe functions.read_free(archive) }

    /// Whether the device has the library; loads it.
    public static var isAvailable: Bool {
        var functions = slipway_archive_functions()
        return unsafe slipway_archive_load(&functions) != 0
    }

    private func open() throws(ArchiveError) {
        // A filter that this build of the library runs as a program says so by a warning.
        _ = unsafe functions.support_filter_gzip(archive)
        _ = unsafe functions.support_filter_xz(archive)
        _ = unsafe functions.support_filter_zstd(archive)
        try check(unsafe functions.support_format_tar(archive))
        let context = unsafe Unmanaged.passUnretained(source).toOpaque()
        let code = unsafe functions.read_open(
            archive, context, nil,
            { _, context, buffer in
                guard let context = unsafe context, let buffer = unsafe buffer else { return -1 }
                return unsafe Unmanaged<ByteSource>.fromOpaque(context).takeUnretainedValue()
                    .read(into: buffer)
            }, nil)
        try check(code)
    }

    /// The next entry; `nil` behind the last one.
    public func nextEntry() throws(ArchiveError) -> ArchiveEntry? {
        var pointer: UnsafeMutableRawPointer?
        let code = unsafe functions.read_next_header(archive, &pointer)
        if Int(code) == SLIPWAY_ARCHIVE_EOF { return nil }
        try check(code)
        guard let entry = unsafe pointer else { throw .malformed("an entry without a head") }
        let path = unsafe text(
            functions.entry_pathname_utf8(entry), functions.entry_pathname(entry))
        guard let path else { throw .unreadableName }
        return ArchiveEntry(
            path: path, kind: try unsafe kind(of: entry),
            permissions: UInt32(unsafe functions.entry_perm(entry)))
    }

    private func kind(
        of entry: UnsafeMutableRawPointer
    ) throws(ArchiveError) -> ArchiveEntry.Kind {
        let other = unsafe text(
            functions.entry_hardlink_utf8(entry), functions.entry_hardlink(entry))
        if let other { return .hardLink(to: other) }
        switch unsafe functions.entry_filetype(entry) {
        case S_IFREG: return .file(length: unsafe functions.entry_size(entry))
        case S_IFDIR: return .directory
        case S_IFLNK:
            let target = unsafe text(
                functions.entry_symlink_utf8(entry), functions.entry_symlink(entry))
            guard let target else { throw .unreadableName }
            return .link(target: target)
        default: return .special
        }
    }

    /// The next bytes of the entry, at most `maximum`; none at its end.
    public func data(maximum: Int) throws(ArchiveError) -> [UInt8] {
        var result = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: maximum) { buffer, count in
            result = unsafe functions.read_data(archive, buffer.baseAddress, maximum)
            count = max(0, result)
        }
        guard result >= 0 else { throw error() }
        return bytes
    }

    private func text(
        _ preferred: UnsafePointer<CChar>?, _ other: UnsafePointer<CChar>?
    ) -> String? {
        unsafe (preferred ?? other).flatMap { unsafe String(validatingCString: $0) }
    }

    private func check(_ code: Int32) throws(ArchiveError) {
        // A warning is about something that we do not use, such as an owner's name.
        guard Int(code) != SLIPWAY_ARCHIVE_OK, Int(code) != Int(SLIPWAY_ARCHIVE_WARN) else {
            return
        }
        throw error()
    }

    private func error() -> ArchiveError {
        if source.hasFailed { return .interrupted }
        let words = unsafe functions.error_string(archive).map { unsafe String(cString: $0) }
        return .malformed(words ?? "no reason is given")
    }
}

/// Where the library reads the archive from.
@safe private final class ByteSource {
    private let next: () -> [UInt8]?
    private(set) var hasFailed = false
    /// What was handed on last: the library looks at it until it asks for more.
    private var buffer: UnsafeMutableRawPointer?

    init(_ next: @escaping () -> [UInt8]?) { self.next = next }

    deinit { unsafe buffer?.deallocate() }

    func read(into place: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        guard let bytes = next() else {
            hasFailed = true
            return -1
        }
        unsafe buffer?.deallocate()
        let copy = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes.count), alignment: 16)
        unsafe bytes.withUnsafeBytes {
            unsafe copy.copyMemory(
                from: $0.baseAddress ?? UnsafeRawPointer(copy), byteCount: $0.count)
        }
        unsafe buffer = copy
        unsafe place.pointee = UnsafeRawPointer(copy)
        return bytes.count
    }
}

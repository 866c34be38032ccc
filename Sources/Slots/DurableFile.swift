public import Agent
internal import Glibc

/// Small files that are whole or absent, whatever cuts off the writing.
public enum DurableFile {
    /// The largest file that is read whole, in bytes.
    public static let maximumByteCount = 8_388_608

    /// Returns `nil` when there is no such file.
    public static func read(_ path: String) throws(SlotError) -> [UInt8]? {
        do throws(SlotError) {
            let file = try File(path, .read)
            var bytes: [UInt8] = []
            while true {
                let piece = try file.read(maximum: 65_536)
                if piece.isEmpty { return bytes }
                bytes += piece
                guard bytes.count <= maximumByteCount else {
                    throw SlotError.malformed(
                        path: path, problem: "longer than \(maximumByteCount) bytes")
                }
            }
        } catch {
            if case .missing = error { return nil }
            throw error
        }
    }

    /// Reads the file piece by piece until `receive` says `false`; memory does not grow with it.
    ///
    /// - Returns: Whether there is such a file.
    public static func forEachPiece(
        of path: String, receive: ([UInt8]) -> Bool
    ) throws(SlotError) -> Bool {
        do throws(SlotError) {
            let file = try File(path, .read)
            while case let piece = try file.read(maximum: 262_144), !piece.isEmpty {
                guard receive(piece) else { break }
            }
            return true
        } catch {
            if case .missing = error { return false }
            throw error
        }
    }

    /// Puts `bytes` in the place of the file: write new, fsync, rename, fsync the directory.
    public static func replace(
        _ path: String, with bytes: [UInt8], permissions: UInt32 = 0o600
    ) throws(SlotError) {
        let new = "\(path).new"
        unsafe unlink(new)
        do throws(SlotError) {
            let file = try File(new, .create(permissions: permissions))
            try file.write(bytes)
            try file.sync()
            guard unsafe rename(new, path) == 0 else { throw SlotError(errno, "rename to", path) }
        } catch {
            // What a full disk cut short must not take up what little room there is.
            unsafe unlink(new)
            throw error
        }
        try syncDirectory(of: path)
    }

    /// Removes the file durably; one that is not there is gone already.
    public static func remove(_ path: String) throws(SlotError) {
        guard unsafe unlink(path) == 0 else {
            if errno == ENOENT { return }
            throw SlotError(errno, "remove", path)
        }
        try syncDirectory(of: path)
    }

    /// Makes a directory that only its owner may enter; one that is there stays as it is.
    public static func makeDirectory(_ path: String) throws(SlotError) {
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw SlotError(errno, "make the directory", path)
        }
    }

    private static func syncDirectory(of path: String) throws(SlotError) {
        let parent =
            path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        try File(parent, .read).sync()
    }
}

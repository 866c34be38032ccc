public import Agent

/// Small files that are whole or absent, whatever cuts off the writing.
public enum DurableFile {
    /// The largest file that is read whole, in bytes.
    public static let maximumByteCount = 8_388_608

    /// Returns `nil` when there is no such file.
    public static func read(
        _ path: String, on disk: any Disk = LinuxDisk()
    ) throws(SlotError) -> [UInt8]? {
        var bytes: [UInt8] = []
        let exists = try forEachPiece(of: path, on: disk) { piece in
            bytes += piece
            return bytes.count <= maximumByteCount
        }
        guard bytes.count <= maximumByteCount else {
            throw SlotError.malformed(path: path, problem: "longer than \(maximumByteCount) bytes")
        }
        return exists ? bytes : nil
    }

    /// Reads the file piece by piece until `receive` says `false`; memory does not grow with it.
    ///
    /// - Returns: Whether there is such a file.
    public static func forEachPiece(
        of path: String, on disk: any Disk = LinuxDisk(), receive: ([UInt8]) -> Bool
    ) throws(SlotError) -> Bool {
        do throws(SlotError) {
            let file = try disk.open(path, .read)
            var offset: Int64 = 0
            while case let piece = try file.read(at: offset, maximum: 262_144), !piece.isEmpty {
                offset += Int64(piece.count)
                guard receive(piece) else { break }
            }
            return true
        } catch {
            if case .missing = error { return false }
            throw error
        }
    }

    /// Puts `bytes` in the place of the file: write new, fsync, rename, fsync the file and the
    /// directory.
    ///
    /// The second fsync of the file is for FAT, where the name that a rename gave is a part of what
    /// only the file's own fsync makes durable.
    public static func replace(
        _ path: String, with bytes: [UInt8], permissions: UInt32 = 0o600,
        on disk: any Disk = LinuxDisk()
    ) throws(SlotError) {
        let new = "\(path).new"
        try disk.remove(new)
        do throws(SlotError) {
            let file = try disk.open(new, .create(permissions: permissions))
            try file.write(bytes, at: 0)
            try file.sync()
            try disk.rename(new, to: path)
            try file.sync()
        } catch {
            // What a full disk cut short must not take up what little room there is.
            try? disk.remove(new)
            throw error
        }
        try disk.syncDirectory(directory(of: path))
    }

    /// Removes the file durably; one that is not there is gone already.
    ///
    /// That is synced as well: an earlier process may have been killed after it removed the file.
    public static func remove(
        _ path: String, on disk: any Disk = LinuxDisk()
    ) throws(SlotError) {
        let directory = directory(of: path)
        guard try disk.entry(directory) != nil else { return }
        try disk.remove(path)
        try disk.syncDirectory(directory)
    }

    /// Makes a directory that only its owner may enter, durably; one that is there stays as it is.
    ///
    /// Its name is synced although it may be there already: an earlier process may have been killed
    /// before it did that, and a file in a directory whose name is lost is lost too.
    public static func makeDirectory(
        _ path: String, on disk: any Disk = LinuxDisk()
    ) throws(SlotError) {
        try disk.makeDirectory(path, permissions: 0o700)
        try disk.syncDirectory(directory(of: path))
    }

    /// The directory that `path` is in.
    static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }
}

internal import Agent

/// An image as it is fetched, in a file, from where it is installed once it is complete.
final class Spool {
    let path: String
    private let length: Int64
    private let file: any DiskFile
    private let disk: any Disk
    private var offset: Int64 = 0
    private var isNamed = false

    /// - Parameters:
    ///   - path: In a folder of the agent's own, so that nobody else changes what was verified.
    ///   - length: Of the image; space for all of it is taken at once.
    init(_ path: String, length: Int64, on disk: any Disk) throws(SlotError) {
        self.path = path
        self.length = length
        self.disk = disk
        try DurableFile.makeDirectory(DurableFile.directory(of: path), on: disk)
        file = try disk.open(path, .make(permissions: 0o600))
    }

    /// Goes on behind the first `offset` bytes, which are handed on; from the beginning when they
    /// are not there any more.
    func resume(at offset: Int64, kept: ([UInt8]) -> Void) throws(SlotError) -> Int64 {
        self.offset = try file.length() >= offset ? offset : 0
        try file.allocate(length: length)
        try file.forEachPiece(upTo: self.offset, receive: kept)
        return self.offset
    }

    func write(_ bytes: [UInt8]) throws(SlotError) {
        try file.write(bytes, at: offset)
        offset += Int64(bytes.count)
        try file.settle(upTo: offset)
    }

    func sync() throws(SlotError) {
        try file.sync()
        try file.forgetCache()
        guard !isNamed else { return }
        try disk.syncDirectory(DurableFile.directory(of: path))
        isNamed = true
    }

    /// The whole image, piece by piece; `nil` when the medium fails, no bytes at the end.
    func reader() -> () -> [UInt8]? {
        var offset: Int64 = 0
        return { [file, length] in
            let count = Int(min(length - offset, 262_144))
            guard count > 0 else { return [] }
            guard let piece = try? file.read(at: offset, maximum: count), !piece.isEmpty else {
                return nil
            }
            offset += Int64(piece.count)
            return piece
        }
    }
}

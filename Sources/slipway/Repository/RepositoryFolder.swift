import Foundation
internal import Model
internal import Trust

/// A repository in a folder: `metadata/` and `targets/`.
struct RepositoryFolder {
    let folder: URL

    /// Takes the folder itself, or the one that `repo init` made around it.
    init(existing path: String) throws(SlipwayError) {
        let outer = URL(filePath: path)
        for folder in [outer.appending(path: "repository"), outer]
        where FileManager.default.fileExists(atPath: folder.appending(path: "metadata").path) {
            self.folder = folder
            return
        }
        throw .missing(path: "\(path)/metadata")
    }

    /// Makes an empty repository folder.
    init(creating folder: URL) throws(SlipwayError) {
        self.folder = folder
        for name in ["metadata", "targets"] {
            try Self.makeDirectory(folder.appending(path: name))
        }
    }

    static func makeDirectory(
        _ folder: URL, permissions: Int = 0o755
    ) throws(SlipwayError) {
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: permissions])
        } catch {
            throw .cannotCreate(path: folder.path, problem: error.localizedDescription)
        }
    }

    func metadata(_ name: String, limitBytes: Int) throws(SlipwayError) -> [UInt8]? {
        let file = folder.appending(path: "metadata/\(URLPath.encode(name))")
        guard let handle = try? FileHandle(forReadingFrom: file) else { return nil }
        defer { try? handle.close() }
        // One byte more than allowed, so that a longer file is refused rather than cut.
        guard let data = try? handle.read(upToCount: limitBytes + 1) else { return [] }
        return Array(data)
    }

    /// Puts metadata in place, whole and durable.
    func write(_ bytes: [UInt8], as name: String) throws(SlipwayError) {
        let file = folder.appending(path: "metadata/\(URLPath.encode(name))")
        do {
            try Data(bytes).write(to: file, options: .atomic)
            try FileHandle(forWritingTo: file).synchronize()
            // The name is part of the folder, which has to reach the medium, too.
            try FileHandle(forReadingFrom: file.deletingLastPathComponent()).synchronize()
        } catch {
            throw .cannotCreate(path: file.path, problem: error.localizedDescription)
        }
    }

    /// Whether the image's bytes are in place; its digest is computed, because a length proves
    /// nothing.
    func holds(_ image: ImageReference) throws(SlipwayError) -> Bool {
        let file = folder.appending(path: "targets/\(image.path.prefixed(by: image.sha256))")
        guard FileManager.default.fileExists(atPath: file.path) else { return false }
        return try ImageFile(file.path).sha256 == image.sha256
    }

    /// Puts an image in place, whole and durable; one that is there already stays.
    ///
    /// What is there counts only by its digest: a length proves nothing.
    func add(_ image: ImageFile, as path: String) throws(SlipwayError) {
        let file = folder.appending(path: "targets/\(path)")
        if let there = try? ImageFile(file.path), there.sha256 == image.sha256 { return }
        try Self.makeDirectory(file.deletingLastPathComponent())
        let new = file.appendingPathExtension("new")
        var stream = RepositorySource.cryptography.hashing.sha256Stream()
        do {
            try Data().write(to: new)
            let handle = try FileHandle(forWritingTo: new)
            try image.pieces {
                stream.update($0)
                try handle.write(contentsOf: Data($0))
            }
            try handle.synchronize()
            try handle.close()
        } catch {
            // Half an image is of no use, and the room that it takes may be what is missing.
            try? FileManager.default.removeItem(at: new)
            throw .cannotCreate(path: file.path, problem: error.localizedDescription)
        }
        guard stream.finish() == image.sha256 else {
            try? FileManager.default.removeItem(at: new)
            throw .badInput(path: image.path, problem: "it changed while it was published")
        }
        do {
            try? FileManager.default.removeItem(at: file)
            try FileManager.default.moveItem(at: new, to: file)
        } catch {
            throw .cannotCreate(path: file.path, problem: error.localizedDescription)
        }
    }
}

/// An image on disk, read in pieces so that memory does not grow with it.
struct ImageFile {
    let path: String
    let length: Int64
    let sha256: Digest

    private static let pieceBytes = 1_048_576

    init(_ path: String) throws(SlipwayError) {
        let resolved = URL(filePath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: resolved) else {
            throw .missing(path: path)
        }
        guard attributes[.type] as? FileAttributeType == .typeRegular else {
            throw .badInput(path: path, problem: "an image is a file, and this is something else")
        }
        self.path = path
        var length: Int64 = 0
        var stream = RepositorySource.cryptography.hashing.sha256Stream()
        do {
            try Self.pieces(of: path) {
                stream.update($0)
                length += Int64($0.count)
            }
        } catch { throw .badInput(path: path, problem: error.localizedDescription) }
        guard length > 0 else { throw .badInput(path: path, problem: "the image is empty") }
        self.length = length
        sha256 = stream.finish()
    }

    func pieces(_ body: ([UInt8]) throws -> Void) throws {
        try Self.pieces(of: path, body)
    }

    private static func pieces(of path: String, _ body: ([UInt8]) throws -> Void) throws {
        let handle = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? handle.close() }
        while let data = try handle.read(upToCount: pieceBytes), !data.isEmpty {
            try body(Array(data))
        }
    }
}

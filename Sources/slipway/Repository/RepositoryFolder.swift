import Foundation
internal import Model
internal import OpenSSL
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

    /// Begins the name of a file that is not an image yet.
    private static let incomingPrefix = ".incoming-"

    /// Copies the image at `path` to where nobody looks for images yet, durable, and computes its
    /// digest on the way: it is read once.
    func receive(_ path: String) throws(SlipwayError) -> (image: ImageFile, copy: URL) {
        let copy = folder.appending(path: "targets/\(Self.incomingPrefix)\(UUID())")
        do {
            try Data().write(to: copy)
            let handle = try FileHandle(forWritingTo: copy)
            defer { try? handle.close() }
            let image = try ImageFile(path, copyingTo: handle)
            try handle.synchronize()
            return (image, copy)
        } catch {
            // Half an image is of no use, and the room that it takes may be what is missing.
            try? FileManager.default.removeItem(at: copy)
            switch error {
            case let error as SlipwayError: throw error
            case let error as FileDigestError:
                throw .cannotCreate(path: copy.path, problem: "\(error)")
            default: throw .cannotCreate(path: copy.path, problem: error.localizedDescription)
            }
        }
    }

    /// Puts a received image in place; one that is there already gives way.
    func place(_ copy: URL, as path: String) throws(SlipwayError) {
        let file = folder.appending(path: "targets/\(path)")
        try Self.makeDirectory(file.deletingLastPathComponent())
        do {
            try? FileManager.default.removeItem(at: file)
            try FileManager.default.moveItem(at: copy, to: file)
            // The names are part of folders, which have to reach the medium, too.
            var parent = file
            for _ in path.split(separator: "/") {
                parent = parent.deletingLastPathComponent()
                try FileHandle(forReadingFrom: parent).synchronize()
            }
        } catch {
            throw .cannotCreate(path: file.path, problem: error.localizedDescription)
        }
    }

    /// Removes what commands left that were cut off; whoever calls holds the lock.
    func removeLeftovers() {
        let manager = FileManager.default
        // Foundation gives metadata such a name until it is whole.
        for (place, prefix) in [("targets", Self.incomingPrefix), ("metadata", ".dat.nosync")] {
            let folder = folder.appending(path: place)
            for name in (try? manager.contentsOfDirectory(atPath: folder.path)) ?? []
            where name.hasPrefix(prefix) {
                try? manager.removeItem(at: folder.appending(path: name))
            }
        }
    }
}

/// An image on disk, whose digest was computed in pieces, so that memory does not grow with it.
struct ImageFile {
    let path: String
    let length: Int64
    let sha256: Digest

    init(_ path: String) throws(SlipwayError) {
        do { try self.init(path, copyingTo: nil) } catch {
            switch error {
            case let error as SlipwayError: throw error
            default: throw .badInput(path: path, problem: "\(error)")
            }
        }
    }

    /// - Throws: ``SlipwayError`` for what cannot be read, ``FileDigestError`` for what cannot be
    ///   written.
    fileprivate init(_ path: String, copyingTo copy: FileHandle?) throws {
        _ = try Self.length(of: path)
        let handle: FileHandle
        do { handle = try FileHandle(forReadingFrom: URL(filePath: path)) } catch {
            throw SlipwayError.badInput(path: path, problem: error.localizedDescription)
        }
        defer { try? handle.close() }
        let digest: FileDigest
        do {
            digest = try FileDigest(
                of: handle.fileDescriptor, copyingTo: copy?.fileDescriptor)
        } catch FileDigestError.cannotRead(let number) {
            throw SlipwayError.badInput(
                path: path, problem: "\(FileDigestError.cannotRead(errno: number))")
        }
        guard digest.length > 0 else {
            throw SlipwayError.badInput(path: path, problem: "the image is empty")
        }
        self.path = path
        length = digest.length
        sha256 = digest.sha256
    }

    /// The length as the file system tells it.
    static func length(of path: String) throws(SlipwayError) -> Int64 {
        let resolved = URL(filePath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: resolved) else {
            throw .missing(path: path)
        }
        guard attributes[.type] as? FileAttributeType == .typeRegular else {
            throw .badInput(path: path, problem: "an image is a file, and this is something else")
        }
        return (attributes[.size] as? Int64) ?? 0
    }
}

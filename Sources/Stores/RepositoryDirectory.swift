public import Foundation
public import Model
public import Orchestrator

/// The repository's files in a folder: `metadata/`, `targets/` and, not served, `staging/`.
public struct RepositoryDirectory: RepositoryFiles {
    public let folder: URL

    /// The largest metadata file that is read, in bytes.
    private static let metadataLimitBytes = 8_388_608

    /// - Throws: ``StoreError/failed(_:)`` unless there is a repository.
    public init(folder: URL) throws(StoreError) {
        self.folder = folder
        let first = folder.appending(path: "metadata/1.root.json").path
        guard FileManager.default.fileExists(atPath: first) else {
            throw .failed("\(first) does not exist; `slipway repo init` makes a repository")
        }
        for name in ["targets", "staging"] {
            do {
                try FileManager.default.createDirectory(
                    at: folder.appending(path: name), withIntermediateDirectories: true)
            } catch { throw Self.error(error) }
        }
        try removeAbandonedUploads()
    }

    /// What an earlier process did not finish is never asked for again.
    private func removeAbandonedUploads() throws(StoreError) {
        let staging = folder.appending(path: "staging")
        do {
            for name in try FileManager.default.contentsOfDirectory(atPath: staging.path)
            where name.hasSuffix(StagedUpload.suffix) {
                try FileManager.default.removeItem(at: staging.appending(path: name))
            }
        } catch { throw Self.error(error) }
    }

    public func lock() throws(StoreError) -> any RepositoryLock {
        try FolderLock(folder.appending(path: "metadata"))
    }

    public func metadata(_ name: String) throws(StoreError) -> [UInt8]? {
        let file = folder.appending(path: "metadata/\(URLPath.encode(name))")
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        do {
            let handle = try FileHandle(forReadingFrom: file)
            defer { try? handle.close() }
            return Array(try handle.read(upToCount: Self.metadataLimitBytes) ?? Data())
        } catch { throw Self.error(error) }
    }

    public func writeMetadata(_ name: String, _ bytes: [UInt8]) throws(StoreError) {
        let file = folder.appending(path: "metadata/\(URLPath.encode(name))")
        do {
            // Foundation writes a new file and renames it; durable it becomes by the two syncs.
            try Data(bytes).write(to: file, options: .atomic)
            try Self.sync(file)
            try Self.sync(file.deletingLastPathComponent())
        } catch { throw Self.error(error) }
    }

    public func holds(_ image: ImageReference) throws(StoreError) -> Bool {
        length(of: target(image)) == image.length
    }

    public func stagedLength(of digest: Digest) throws(StoreError) -> Int64? {
        length(of: staged(digest))
    }

    public func publishStaged(_ image: ImageReference) throws(StoreError) {
        do {
            try makeRoom(for: image)
            try FileManager.default.moveItem(at: staged(image.sha256), to: target(image))
            try syncFolders(of: image)
        } catch { throw Self.error(error) }
    }

    public func publish(
        _ image: ImageReference, withBytesOf twin: ImageReference
    ) throws(StoreError) {
        do {
            try makeRoom(for: image)
            try FileManager.default.linkItem(at: target(twin), to: target(image))
            try syncFolders(of: image)
        } catch { throw Self.error(error) }
    }

    private func makeRoom(for image: ImageReference) throws {
        let file = target(image)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        if length(of: file) != nil { try FileManager.default.removeItem(at: file) }
    }

    /// Makes the file's name durable, and the names of the folders that were made for it.
    private func syncFolders(of image: ImageReference) throws {
        var folder = target(image)
        for _ in image.path.text.split(separator: "/") {
            folder = folder.deletingLastPathComponent()
            try Self.sync(folder)
        }
    }

    public func beginUpload(of digest: Digest) throws(StoreError) -> any ImageUpload {
        try StagedUpload(into: self, digest: digest)
    }

    /// Where an uploaded image waits under its digest.
    func staged(_ digest: Digest) -> URL { folder.appending(path: "staging/\(digest)") }

    private func target(_ image: ImageReference) -> URL {
        folder.appending(path: "targets/\(image.path.prefixed(by: image.sha256))")
    }

    private func length(of file: URL) -> Int64? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
        return attributes?[.size] as? Int64
    }

    static func sync(_ file: URL) throws {
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        try handle.synchronize()
    }

    static func error(_ error: any Error) -> StoreError {
        if let error = error as? StoreError { return error }
        let code = (error as? CocoaError)?.code
        return code == .fileWriteOutOfSpace ? .full : .failed(error.localizedDescription)
    }
}

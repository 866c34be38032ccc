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
    }

    public func metadata(_ name: String) throws(StoreError) -> [UInt8]? {
        let file = folder.appending(path: "metadata/\(name)")
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        do {
            let handle = try FileHandle(forReadingFrom: file)
            defer { try? handle.close() }
            return Array(try handle.read(upToCount: Self.metadataLimitBytes) ?? Data())
        } catch { throw Self.error(error) }
    }

    public func writeMetadata(_ name: String, _ bytes: [UInt8]) throws(StoreError) {
        let file = folder.appending(path: "metadata/\(name)")
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

    public func hasStaged(_ digest: Digest) throws(StoreError) -> Bool {
        length(of: staged(digest)) != nil
    }

    public func publishStaged(_ image: ImageReference) throws(StoreError) {
        let file = target(image)
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            if length(of: file) != nil { try FileManager.default.removeItem(at: file) }
            try FileManager.default.moveItem(at: staged(image.sha256), to: file)
            try Self.sync(file.deletingLastPathComponent())
        } catch { throw Self.error(error) }
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

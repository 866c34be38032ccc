public import Foundation
internal import Model
public import Orchestrator

/// The repository's files in a folder: `metadata/`, `targets/` and, not served, `staging/`.
public struct RepositoryDirectory: RepositoryFiles {
    public let folder: URL
    /// The address below which devices find `targets`, if it is not ours.
    public let link: String?

    /// The largest metadata file that is read, in bytes.
    private static let metadataLimitBytes = 8_388_608

    /// - Parameter link: The address below which another server serves `targets`, without a slash
    ///   at its end; `nil` when nobody else does.
    /// - Throws: ``StoreError/failed(_:)`` unless there is a repository.
    public init(folder: URL, link: String? = nil) throws(StoreError) {
        self.folder = folder
        self.link = link
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

    public func metadataFiles() throws(StoreError) -> [MetadataFile] {
        let place = folder.appending(path: "metadata")
        do {
            return try FileManager.default.contentsOfDirectory(atPath: place.path).compactMap {
                guard $0.hasSuffix(".json"), let name = $0.removingPercentEncoding,
                    let status = FileStatus(place.appending(path: $0))
                else { return nil }
                return MetadataFile(name: name, written: status.modified)
            }
        } catch { throw Self.error(error) }
    }

    /// `slipway` keeps it in `staged` beside the repository.
    public func waitingMetadata() throws(StoreError) -> [[UInt8]] {
        let place = folder.deletingLastPathComponent().appending(path: "staged")
        guard FileManager.default.fileExists(atPath: place.path) else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: place.path)
                .filter { $0.hasSuffix(".json") }
                .map { Array(try Data(contentsOf: place.appending(path: $0))) }
        } catch { throw Self.error(error) }
    }

    static func sync(_ file: URL) throws {
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        try handle.synchronize()
    }

    var staging: URL { folder.appending(path: "staging") }

    /// Removes the file where there is one.
    static func remove(_ file: URL) throws(StoreError) {
        guard FileStatus(file) != nil else { return }
        do { try FileManager.default.removeItem(at: file) } catch { throw Self.error(error) }
    }

    static func error(_ error: any Error) -> StoreError {
        if let error = error as? StoreError { return error }
        let code = (error as? CocoaError)?.code
        return code == .fileWriteOutOfSpace ? .full : .failed(error.localizedDescription)
    }
}

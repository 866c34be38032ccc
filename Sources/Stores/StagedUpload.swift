import Foundation
internal import Model
internal import Orchestrator

/// An image on its way in: a temporary file that becomes a staged image once its digest is right.
///
/// What is not finished is removed when the value is let go.
final class StagedUpload: ImageUpload {
    /// Of files that are not complete yet.
    static let suffix = ".part"

    private let handle: FileHandle
    private let temporary: URL
    private let destination: URL
    private let directory: URL

    init(into repository: RepositoryDirectory, digest: Digest) throws(StoreError) {
        destination = repository.staged(digest)
        directory = destination.deletingLastPathComponent()
        temporary = directory.appending(path: "\(UUID().uuidString)\(Self.suffix)")
        do {
            try Data().write(to: temporary)
            handle = try FileHandle(forWritingTo: temporary)
        } catch { throw RepositoryDirectory.error(error) }
    }

    deinit {
        try? handle.close()
        try? FileManager.default.removeItem(at: temporary)
    }

    func append(_ bytes: [UInt8]) throws(StoreError) {
        do { try handle.write(contentsOf: Data(bytes)) } catch {
            throw RepositoryDirectory.error(error)
        }
    }

    /// Keeps the upload, durably; the caller has compared the digest.
    func finish() throws(StoreError) {
        do {
            try handle.synchronize()
            try? FileManager.default.removeItem(at: destination)
            try FileManager.default.moveItem(at: temporary, to: destination)
            try RepositoryDirectory.sync(directory)
        } catch { throw RepositoryDirectory.error(error) }
    }
}

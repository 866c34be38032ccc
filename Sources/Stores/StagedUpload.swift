import Foundation
internal import Orchestrator

/// An image that comes in one go: a temporary file that an image store takes over.
///
/// What is not finished is removed when the value is let go.
final class StagedUpload: ImageUpload {
    /// Of files that nobody can go on with.
    static let suffix = ".part"

    private let handle: FileHandle
    private let file: URL

    init(in folder: URL) throws(StoreError) {
        file = folder.appending(path: "\(UUID().uuidString)\(Self.suffix)")
        do {
            try Data().write(to: file)
            handle = try FileHandle(forWritingTo: file)
        } catch { throw RepositoryDirectory.error(error) }
    }

    deinit {
        try? handle.close()
        try? FileManager.default.removeItem(at: file)
    }

    func append(_ bytes: [UInt8]) throws(StoreError) {
        do { try handle.write(contentsOf: Data(bytes)) } catch {
            throw RepositoryDirectory.error(error)
        }
    }

    func finish() throws(StoreError) -> String {
        do { try handle.synchronize() } catch { throw RepositoryDirectory.error(error) }
        return file.path
    }
}

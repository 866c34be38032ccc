internal import Foundation
internal import Orchestrator

/// The system's lock on a folder; taken back when the process ends, however it ends.
///
/// `slipway` takes the same lock when it publishes into a folder.
final class FolderLock: RepositoryLock {
    private let handle: FileHandle

    /// - Throws: ``StoreError/busy`` when another program has it.
    init(_ folder: URL) throws(StoreError) {
        do { handle = try FileHandle(forReadingFrom: folder) } catch {
            throw RepositoryDirectory.error(error)
        }
        guard flock(handle.fileDescriptor, LOCK_EX | LOCK_NB) == 0 else {
            try? handle.close()
            throw .busy
        }
    }

    func release() { try? handle.close() }
}

import Foundation

/// The right to change a folder repository, held by one process at a time.
///
/// The system takes it back when the process ends, however it ends.
final class RepositoryLock {
    private let handle: FileHandle

    /// - Throws: ``SlipwayError/tryAgain(_:)`` when somebody else has it.
    init(_ repository: RepositoryFolder) throws(SlipwayError) {
        let folder = repository.folder.appending(path: "metadata")
        let opened: FileHandle
        do { opened = try FileHandle(forReadingFrom: folder) } catch {
            throw .cannotCreate(path: folder.path, problem: error.localizedDescription)
        }
        guard flock(opened.fileDescriptor, LOCK_EX | LOCK_NB) == 0 else {
            try? opened.close()
            throw .tryAgain("\(folder.path): somebody else is publishing here; try again")
        }
        handle = opened
    }

    deinit { try? handle.close() }
}

internal import Foundation
public import Model
public import Orchestrator

/// Uploads in `staging/`: the name of each file tells the digest and the length of its image, so
/// that a file is all that is needed to go on.
extension RepositoryDirectory: UploadSpool {
    public func create(_ upload: UploadID) throws(StoreError) {
        let file = file(of: upload)
        guard FileStatus(file) == nil else { return }
        do {
            do { try Data().write(to: file, options: .withoutOverwriting) } catch {
                // Somebody else was first.
                guard FileStatus(file) != nil else { throw error }
            }
            try Self.sync(file.deletingLastPathComponent())
        } catch { throw Self.error(error) }
    }

    public func upload(of digest: Digest) throws(StoreError) -> UploadID? {
        try uploads().map(\.id).first { $0.sha256 == digest }
    }

    public func open(_ upload: UploadID) throws(StoreError) -> any UploadFile {
        try SpooledFile(file(of: upload))
    }

    public func remove(_ upload: UploadID) throws(StoreError) {
        try Self.remove(file(of: upload))
    }

    public func uploads() throws(StoreError) -> [SpooledUpload] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: staging.path) } catch {
            throw Self.error(error)
        }
        return names.compactMap { name in
            guard let id = UploadID(fileName: name),
                let status = FileStatus(staging.appending(path: name))
            else { return nil }
            return SpooledUpload(id: id, touched: status.modified)
        }
    }

    public func beginUpload(of digest: Digest) throws(StoreError) -> any ImageUpload {
        try StagedUpload(in: staging)
    }

    private func file(of upload: UploadID) -> URL {
        folder.appending(path: "staging/\(upload.fileName)")
    }
}

extension UploadID {
    fileprivate static let suffix = ".upload"

    fileprivate var fileName: String { "\(sha256)-\(length)\(Self.suffix)" }

    /// Returns `nil` for every name that ``fileName`` could not have written.
    fileprivate init?(fileName: String) {
        guard fileName.hasSuffix(Self.suffix) else { return nil }
        let parts = fileName.dropLast(Self.suffix.count).split(separator: "-")
        guard parts.count == 2, let digest = Digest(hex: String(parts[0])),
            let length = Int64(parts[1])
        else { return nil }
        self.init(sha256: digest, length: length)
        guard self.fileName == fileName else { return nil }
    }
}

/// The file of one upload, which one process uses at a time.
final class SpooledFile: UploadFile {
    private let handle: FileHandle
    private let file: URL
    private(set) var length: Int64
    /// How the file was when it was released.
    private var released: Mark?

    init(_ file: URL) throws(StoreError) {
        self.file = file
        do {
            handle = try FileHandle(forUpdating: file)
            length = Int64(try handle.seekToEnd())
        } catch { throw RepositoryDirectory.error(error) }
        do { try lock() } catch {
            try? handle.close()
            throw error
        }
    }

    private func lock() throws(StoreError) {
        guard flock(handle.fileDescriptor, LOCK_EX | LOCK_NB) == 0 else { throw .busy }
    }

    func release() {
        released = Mark(file)
        flock(handle.fileDescriptor, LOCK_UN)
    }

    func claim() throws(StoreError) -> UploadClaim {
        try lock()
        let found = Mark(file)
        guard let released, let found, found.number == released.number else {
            flock(handle.fileDescriptor, LOCK_UN)
            return .gone
        }
        guard found != released else { return .unchanged }
        length = found.length
        return .changed
    }

    /// What tells whether somebody has written to a file.
    private struct Mark: Equatable {
        /// Of this file and no other one under its name.
        let number: Int
        let length: Int64
        let modified: Date

        /// Returns `nil` when there is no such file.
        init?(_ file: URL) {
            let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
            guard let attributes, let number = attributes[.systemFileNumber] as? Int,
                let length = attributes[.size] as? Int64,
                let modified = attributes[.modificationDate] as? Date
            else { return nil }
            (self.number, self.length, self.modified) = (number, length, modified)
        }
    }

    deinit { try? handle.close() }

    var path: String { file.path }

    var touched: Instant {
        get throws(StoreError) {
            // One that was handed on is as young as can be.
            FileStatus(file)?.modified ?? Instant(secondsSinceEpoch: .max)
        }
    }

    func append(_ bytes: [UInt8]) throws(StoreError) {
        do {
            try handle.seek(toOffset: UInt64(length))
            try handle.write(contentsOf: Data(bytes))
            length += Int64(bytes.count)
        } catch {
            // A part of it may have fitted.
            try truncate(to: length)
            throw RepositoryDirectory.error(error)
        }
    }

    func truncate(to length: Int64) throws(StoreError) {
        do { try handle.truncate(atOffset: UInt64(length)) } catch {
            throw RepositoryDirectory.error(error)
        }
        self.length = length
    }

    func sync() throws(StoreError) {
        do { try handle.synchronize() } catch { throw RepositoryDirectory.error(error) }
    }

    func read(from offset: Int64, maximumBytes: Int) throws(StoreError) -> [UInt8] {
        do {
            try handle.seek(toOffset: UInt64(offset))
            return Array(try handle.read(upToCount: maximumBytes) ?? Data())
        } catch { throw RepositoryDirectory.error(error) }
    }
}

public import Model

/// The repository's metadata files.
public protocol RepositoryFiles: Sendable {
    /// The right to change the repository, which one program has at a time.
    ///
    /// - Throws: ``StoreError/busy`` when another has it.
    func lock() throws(StoreError) -> any RepositoryLock
    /// A file of `metadata`; `nil` when there is none.
    func metadata(_ name: String) throws(StoreError) -> [UInt8]?
    /// Puts metadata in place, whole and durable.
    func writeMetadata(_ name: String, _ bytes: [UInt8]) throws(StoreError)
    /// All files of `metadata`, and when each was written.
    func metadataFiles() throws(StoreError) -> [MetadataFile]
    /// What waits beside the repository for more signatures, of any form.
    func waitingMetadata() throws(StoreError) -> [[UInt8]]
}

/// A metadata file by its name, which is not percent-encoded.
public struct MetadataFile: Hashable, Sendable {
    public let name: String
    public let written: Instant

    public init(name: String, written: Instant) {
        self.name = name
        self.written = written
    }
}

/// The right to change a repository; given back when it is released, or its holder ends.
public protocol RepositoryLock {
    func release()
}

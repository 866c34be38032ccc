public import Model

/// The repository's files.
public protocol RepositoryFiles: Sendable {
    /// The right to change the repository, which one program has at a time.
    ///
    /// - Throws: ``StoreError/busy`` when another has it.
    func lock() throws(StoreError) -> any RepositoryLock
    /// A file of `metadata`; `nil` when there is none.
    func metadata(_ name: String) throws(StoreError) -> [UInt8]?
    /// Puts metadata in place, whole and durable.
    func writeMetadata(_ name: String, _ bytes: [UInt8]) throws(StoreError)
    /// Whether the image lies under its target path with its whole length.
    func holds(_ image: ImageReference) throws(StoreError) -> Bool
    /// Begins to take in an image with this digest.
    func beginUpload(of digest: Digest) throws(StoreError) -> any ImageUpload
    /// The bytes of the image with this digest that was uploaded and waits for metadata that names
    /// it; `nil` when none does.
    func stagedLength(of digest: Digest) throws(StoreError) -> Int64?
    /// Moves an uploaded image to its target path; harmless to repeat.
    func publishStaged(_ image: ImageReference) throws(StoreError)
    /// Gives the bytes of `twin`, which is published, a second target path; harmless to repeat.
    func publish(_ image: ImageReference, withBytesOf twin: ImageReference) throws(StoreError)
}

/// The right to change a repository; given back when it is released, or its holder ends.
public protocol RepositoryLock {
    func release()
}

/// An image on its way in; what is not finished leaves nothing behind.
public protocol ImageUpload: AnyObject {
    func append(_ bytes: [UInt8]) throws(StoreError)
    /// Keeps the image durably; the caller has compared its digest.
    func finish() throws(StoreError)
}

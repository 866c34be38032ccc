public import Model

/// The files of uploads that are not complete; they outlive the process.
public protocol UploadSpool: Sendable {
    /// Makes an empty file for the upload; one that is there already stays as it is.
    func create(_ upload: UploadID) throws(StoreError)
    /// The upload of the image with this digest; `nil` when there is none.
    func upload(of digest: Digest) throws(StoreError) -> UploadID?
    /// Opens the upload's file, which nobody else uses until ``UploadFile/release()``.
    ///
    /// - Throws: ``StoreError/busy`` while another process has it.
    func open(_ upload: UploadID) throws(StoreError) -> any UploadFile
    /// Removes the upload; one that is gone already is no error.
    func remove(_ upload: UploadID) throws(StoreError)
    /// All uploads, and when each last got a byte.
    func uploads() throws(StoreError) -> [SpooledUpload]
    /// Begins to take in an image in one go.
    func beginUpload(of digest: Digest) throws(StoreError) -> any ImageUpload
}

/// Which upload: the image's digest names it, and the client tells how long the image is.
public struct UploadID: Hashable, Sendable {
    public let sha256: Digest
    /// In bytes; at least 1.
    public let length: Int64

    public init?(sha256: Digest, length: Int64) {
        guard length >= 1 else { return nil }
        self.sha256 = sha256
        self.length = length
    }
}

public struct SpooledUpload: Hashable, Sendable {
    public let id: UploadID
    public let touched: Instant

    public init(id: UploadID, touched: Instant) {
        self.id = id
        self.touched = touched
    }
}

/// The file of one upload; used by one owner at a time.
public protocol UploadFile: AnyObject {
    /// In bytes.
    var length: Int64 { get }
    var path: String { get }
    /// When it last got a byte.
    var touched: Instant { get throws(StoreError) }
    /// Adds bytes at the end, all or none of them.
    func append(_ bytes: [UInt8]) throws(StoreError)
    /// Forgets what follows the first `length` bytes.
    func truncate(to length: Int64) throws(StoreError)
    /// Makes what was added durable.
    func sync() throws(StoreError)
    /// At most so many bytes from `offset` on.
    func read(from offset: Int64, maximumBytes: Int) throws(StoreError) -> [UInt8]
    /// Lets others use the file, until ``claim()``.
    func release()
    /// Takes the file again.
    ///
    /// - Throws: ``StoreError/busy`` while another process has it.
    func claim() throws(StoreError) -> UploadClaim
}

/// What has become of an upload's file since it was released.
public enum UploadClaim: Hashable, Sendable {
    case unchanged
    /// Another server went on with it.
    case changed
    /// Another server finished or removed it.
    case gone
}

/// An image on its way in, in one go; what is not finished leaves nothing behind.
public protocol ImageUpload: AnyObject {
    func append(_ bytes: [UInt8]) throws(StoreError)
    /// Makes the bytes durable; the caller has compared their digest.
    ///
    /// - Returns: The path of the file, which an ``ImageStore`` takes over.
    func finish() throws(StoreError) -> String
}

public import Model

/// Where images lie: those that devices may fetch, and those that wait for metadata that names them.
///
/// What an image store holds was checked against its digest before it came here.
public protocol ImageStore: Sendable {
    /// Whether devices find the image, with its whole length.
    func holds(_ image: ImageReference) async throws(StoreError) -> Bool
    /// The bytes of the image with this digest that waits for metadata that names it; `nil` when
    /// none does.
    func stagedLength(of digest: Digest) async throws(StoreError) -> Int64?
    /// Takes over the file at `path`, whose bytes have this digest; durable when it returns.
    ///
    /// The file is gone then. When it fails the file is left as it was.
    func stage(_ digest: Digest, from path: String) async throws(StoreError)
    /// Lets devices find a staged image at its target path; harmless to repeat.
    func publishStaged(_ image: ImageReference) async throws(StoreError)
    /// Gives the bytes of `twin`, which is published, a second target path; harmless to repeat.
    func publish(
        _ image: ImageReference, withBytesOf twin: ImageReference
    ) async throws(StoreError)
    /// Whether devices are sent elsewhere for images.
    var isElsewhere: Bool { get }
    /// The address at which a device gets the published image now; `nil` unless it is elsewhere.
    func link(to image: ImageReference) async throws(StoreError) -> String?

    /// Every image here, published or staged.
    func kept() async throws(StoreError) -> [KeptImage]
    /// Removes the image; one that is gone already is no error.
    func remove(_ image: KeptImage) async throws(StoreError)
    /// Removes what is left of images that came only in part, and not at all since `moment`.
    ///
    /// - Returns: How many there were.
    func removeFragments(before moment: Instant, isTrial: Bool) async throws(StoreError) -> Int
}

/// The bytes of an image that an image store holds.
public struct KeptImage: Hashable, Sendable {
    /// What the store knows it by: a path, or the key of an object.
    public let place: String
    public let sha256: Digest
    /// In bytes.
    public let length: Int64
    /// When it came, or was published.
    public let since: Instant

    public init(place: String, sha256: Digest, length: Int64, since: Instant) {
        self.place = place
        self.sha256 = sha256
        self.length = length
        self.since = since
    }
}

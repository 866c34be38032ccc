internal import Curl
import Foundation
public import Model
public import Orchestrator

/// Images as objects of a bucket, each under its digest.
///
/// An object never moves: it is written once, after its digest was checked, and what devices may
/// have of it our own route decides, which gives links only to what signed metadata names. So
/// nothing is ever copied (S3 copies no more than 5 GB at once), two paths of the same bytes are one
/// object, and a bucket that is not public shows nothing by itself.
public struct BucketImages: ImageStore {
    private let address: BucketAddress
    private let credentials: @Sendable () throws -> BucketCredentials
    private let pace: BucketPace
    private let now: @Sendable () -> Instant
    /// libcurl keeps a thread waiting until the bucket has answered, and the threads that serve
    /// devices are as few as the processor has cores.
    private let queue = DispatchQueue(label: "slipway.bucket", attributes: .concurrent)

    /// How long a device may take to begin with a link that it got.
    public static let linkLifetimeSeconds = 900

    /// - Parameters:
    ///   - credentials: Read for every use, so that they may change while the server runs.
    ///   - now: The clock, by which links expire.
    public init(
        _ address: BucketAddress, credentials: @escaping @Sendable () throws -> BucketCredentials,
        pace: BucketPace = .standard, now: @escaping @Sendable () -> Instant
    ) {
        self.address = address
        self.credentials = credentials
        self.pace = pace
        self.now = now
    }

    /// Whether the bucket is there and lets us list it.
    public func check() async throws(StoreError) {
        try await asking { bucket throws(BucketError) in
            _ = try bucket.send(
                .get, bucket.address.path,
                query: [("list-type", "2"), ("max-keys", "1"), ("prefix", address.keyPrefix)])
        }
    }

    public func holds(_ image: ImageReference) async throws(StoreError) -> Bool {
        try await stagedLength(of: image.sha256) == image.length
    }

    public func stagedLength(of digest: Digest) async throws(StoreError) -> Int64? {
        try await asking { bucket throws(BucketError) in try bucket.length(of: digest) }
    }

    public func stage(_ digest: Digest, from path: String) async throws(StoreError) {
        let file = URL(filePath: path)
        try await asking { bucket throws(BucketError) in try bucket.put(digest, from: file) }
        do { try FileManager.default.removeItem(at: file) } catch {
            throw .failed(error.localizedDescription)
        }
    }

    /// The object lies where it stays.
    public func publishStaged(_ image: ImageReference) async throws(StoreError) {}

    public func publish(
        _ image: ImageReference, withBytesOf twin: ImageReference
    ) async throws(StoreError) {}

    public var isElsewhere: Bool { true }

    public func link(to image: ImageReference) async throws(StoreError) -> String? {
        let signer = SignatureV4(
            credentials: try key(), region: address.region, service: "s3")
        do {
            return try signer.presignedURL(
                method: "GET", scheme: address.scheme, host: address.host,
                path: address.path(of: image.sha256), now: now(),
                lifetimeSeconds: Self.linkLifetimeSeconds)
        } catch { throw .failed("\(error)") }
    }

    public func kept() async throws(StoreError) -> [KeptImage] {
        let objects = try await asking { bucket throws(BucketError) in try bucket.objects() }
        return objects.compactMap { object in
            guard let key = object.value("Key"), key.hasPrefix(address.keyPrefix),
                let digest = Digest(hex: String(key.dropFirst(address.keyPrefix.count))),
                let length = object.value("Size").flatMap({ Int64($0) }),
                let since = object.value("LastModified").flatMap(Self.moment)
            else { return nil }
            return KeptImage(place: key, sha256: digest, length: length, since: since)
        }
    }

    public func remove(_ image: KeptImage) async throws(StoreError) {
        try await asking { bucket throws(BucketError) in try bucket.remove(key: image.place) }
    }

    public func removeFragments(
        before moment: Instant, isTrial: Bool
    ) async throws(StoreError) -> Int {
        try await asking { bucket throws(BucketError) in
            var count = 0
            for upload in try bucket.unfinishedUploads() {
                guard let key = upload.value("Key"), key.hasPrefix(address.keyPrefix),
                    Digest(hex: String(key.dropFirst(address.keyPrefix.count))) != nil,
                    let id = upload.value("UploadId"),
                    let since = upload.value("Initiated").flatMap(Self.moment), since < moment
                else { continue }
                count += 1
                guard !isTrial else { continue }
                _ = try bucket.send(
                    .delete, "\(address.path)/\(key)", query: [("uploadId", id)], allowing: [404])
            }
            return count
        }
    }

    /// `2026-01-02T03:04:05.678Z`; the fraction is dropped.
    private static func moment(_ text: String) -> Instant? {
        Instant(String(text.prefix(19)) + "Z")
    }

    private func key() throws(StoreError) -> BucketCredentials {
        do { return try credentials() } catch { throw .failed("\(error)") }
    }

    /// Asks the bucket on a thread that may wait.
    private func asking<Answer: Sendable>(
        _ body: @escaping @Sendable (Bucket) throws(BucketError) -> Answer
    ) async throws(StoreError) -> Answer {
        let bucket = Bucket(address: address, credentials: try key(), pace: pace)
        let result: Result<Answer, BucketError> = await withCheckedContinuation { continuation in
            queue.async {
                do throws(BucketError) {
                    continuation.resume(returning: .success(try body(bucket)))
                } catch { continuation.resume(returning: .failure(error)) }
            }
        }
        switch result {
        case .success(let answer): return answer
        case .failure(let error): throw error.storeError
        }
    }
}

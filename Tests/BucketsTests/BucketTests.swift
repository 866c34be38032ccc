import Curl
import Foundation
import Model
import OpenSSL
import Orchestrator
import TestSupport
import Testing
import Trust

@testable import Buckets

/// Images in a bucket whose service checks every signature.
@Suite final class BucketTests {
    private let server: BucketServer
    private let folder: URL
    private let pace = BucketPace(
        maximumAttempts: 4, firstPauseMilliseconds: 1, connectTimeoutSeconds: 5)

    init() throws {
        server = try BucketServer()
        folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func images(secret: String = BucketServer.secret, prefix: String = "/a") -> BucketImages
    {
        let key = must(BucketCredentials(keyID: BucketServer.keyID, secret: secret))
        return BucketImages(
            must(
                BucketAddress(
                    location: "s3://\(BucketServer.bucket)\(prefix)", endpoint: server.url,
                    region: BucketServer.region)),
            credentials: { key }, pace: pace,
            now: { Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970)) })
    }

    private var bucket: Bucket {
        Bucket(
            address: must(
                BucketAddress(
                    location: "s3://\(BucketServer.bucket)/a", endpoint: server.url,
                    region: BucketServer.region)),
            credentials: must(
                BucketCredentials(keyID: BucketServer.keyID, secret: BucketServer.secret)),
            pace: pace)
    }

    private func file(_ bytes: [UInt8]) throws -> (path: String, digest: Digest) {
        let file = folder.appending(path: UUID().uuidString)
        try Data(bytes).write(to: file)
        return (file.path, OpenSSLHashing().sha256(bytes))
    }

    private func reference(_ digest: Digest, _ length: Int64) -> ImageReference {
        must(ImageReference(path: must(TargetPath("acme/1/x.img")), sha256: digest, length: length))
    }

    @Test func keepsAnImageAndLinksToIt() async throws {
        let images = images()
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        let (path, digest) = try file(bytes)
        let before = try await images.stagedLength(of: digest)
        #expect(before == nil)
        try await images.stage(digest, from: path)

        #expect(!FileManager.default.fileExists(atPath: path))
        let after = try await images.stagedLength(of: digest)
        #expect(after == 200_000)
        let isHeld = try await images.holds(reference(digest, 200_000))
        #expect(isHeld)
        let isOther = try await images.holds(reference(digest, 200_001))
        #expect(!isOther)

        let made = try await images.link(to: reference(digest, 200_000))
        let link = try #require(made)
        var got: [UInt8] = []
        let end = try HTTPClient(options: .standard).download(
            url: link, headers: [], from: 50_000, ofLength: 200_000
        ) {
            got += $0
            return true
        }
        #expect(end == .complete(bytes: 150_000))
        #expect(got == Array(bytes[50_000...]))
        // A link is for one image.
        let other = OpenSSLHashing().sha256([1]).hex
        let forged = link.replacing(digest.hex, with: other)
        let refused = try HTTPClient(options: .standard).send(
            HTTPRequest(method: .get, url: forged), bodyLimitBytes: 65_536)
        #expect(refused.status == 403)
    }

    @Test func sendsALongImageInParts() async throws {
        // S3 wants 5 MiB at least in every part but the last.
        let bytes = (0..<12_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 9) }
        let (path, digest) = try file(bytes)
        try bucket.put(digest, from: URL(filePath: path), partBytes: 5_242_880)
        #expect(try bucket.length(of: digest) == 12_000_000)
        var stream = OpenSSLHashing().sha256Stream()
        let images = images()
        let made = try await images.link(to: reference(digest, 12_000_000))
        let end = try HTTPClient(options: .standard).download(
            url: try #require(made), headers: [], from: 0, ofLength: 12_000_000
        ) {
            stream.update($0)
            return true
        }
        #expect(end == .complete(bytes: 12_000_000))
        #expect(stream.finish() == digest)
        #expect(try bucket.unfinishedUploads().isEmpty)
    }

    @Test func listsAndRemovesWhatIsThere() async throws {
        let images = images()
        var digests: Set<Digest> = []
        for number in 0..<3 as Range<UInt8> {
            let (path, digest) = try file([number, 1])
            try await images.stage(digest, from: path)
            digests.insert(digest)
        }
        // Of another prefix, and not an image.
        let (path, digest) = try file([9, 9])
        try await self.images(prefix: "/b").stage(digest, from: path)
        _ = try bucket.send(.put, "\(bucket.address.path)/a/sha256/notes.txt", body: [1])

        let kept = try await images.kept()
        #expect(Set(kept.map(\.sha256)) == digests)
        #expect(kept.allSatisfy { $0.length == 2 })
        let now = Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970))
        #expect(kept.allSatisfy { abs(now.elapsed(since: $0.since).components.seconds) < 3600 })
        for image in kept {
            try await images.remove(image)
            try await images.remove(image)
        }
        let left = try await images.kept()
        #expect(left.isEmpty)
        let others = try await self.images(prefix: "/b").kept()
        #expect(others.map(\.sha256) == [digest])
    }

    @Test func removesUploadsThatNobodyCompleted() async throws {
        let path = bucket.address.path(of: OpenSSLHashing().sha256([1]))
        _ = try bucket.send(.post, path, query: [("uploads", "")])
        let images = images()
        let past = try await images.removeFragments(
            before: Instant(secondsSinceEpoch: 0), isTrial: false)
        #expect(past == 0)
        let future = Instant(secondsSinceEpoch: 20_000_000_000)
        let trial = try await images.removeFragments(before: future, isTrial: true)
        #expect(trial == 1)
        let removed = try await images.removeFragments(before: future, isTrial: false)
        #expect(removed == 1)
        #expect(try bucket.unfinishedUploads().isEmpty)
    }

    @Test func asksAgainWhileTheServiceIsBusy() async throws {
        let images = images()
        let (path, digest) = try file([1, 2, 3])
        func failNext(_ count: Int) throws {
            _ = try HTTPClient(options: .standard).send(
                HTTPRequest(method: .get, url: "\(server.url)/fail-next/\(count)"),
                bodyLimitBytes: 1000)
        }
        try failNext(3)
        try await images.stage(digest, from: path)
        try failNext(4)
        await #expect(throws: StoreError.unreachable("the bucket: it answered 503")) {
            _ = try await images.stagedLength(of: digest)
        }
        let length = try await images.stagedLength(of: digest)
        #expect(length == 3)
    }

    @Test func aWrongKeyIsToldAndNothingOfItIsSaid() async throws {
        do {
            try await images(secret: "other/secret").check()
            Issue.record("it was taken")
        } catch {
            #expect("\(error)".contains("SignatureDoesNotMatch"))
            #expect(!"\(error)".contains("other/secret"))
        }
        try await images().check()
    }

    @Test func aServiceThatIsGoneIsToldAndTheFileStays() async throws {
        let images = images()
        let (path, digest) = try file([1, 2, 3])
        server.kill()
        do {
            try await images.stage(digest, from: path)
            Issue.record("nobody was there")
        } catch {
            guard case .unreachable = error else {
                Issue.record("\(error)")
                return
            }
        }
        #expect(FileManager.default.fileExists(atPath: path))
    }
}

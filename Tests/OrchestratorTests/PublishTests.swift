import Foundation
import Model
import OpenSSL
import Orchestrator
import Stores
import Synchronization
import Testing
import Trust
import Wire

/// Publishing: nothing is named that is not there, whatever interrupts it.
@Suite struct PublishTests {
    @Test func publishesWhatIsSignedAndUploaded() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let image = try await world.publish("2.0.0", to: orchestrator)

        let found = try world.published().trusted.targets?.images()[image.image.path]
        #expect(found == image)
        let file = world.repository.appending(
            path: "targets/\(image.image.path.prefixed(by: image.image.sha256))")
        #expect(try Data(contentsOf: file) == Data("image 2.0.0".utf8))
        #expect(try await orchestrator.releases().items.map(\.release) == [image.release])
    }

    @Test func publishingAgainChangesNothing() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let bytes = Array("image 2.0.0".utf8)
        let (metadata, image) = try world.targets(adding: "2.0.0", bytes: bytes)
        try await orchestrator.stage(image.image.sha256, Pieces([bytes]))
        _ = try await orchestrator.publish(.targets(metadata), by: World.author)
        let before = try world.published().stored

        _ = try await orchestrator.publish(.targets(metadata), by: World.author)

        #expect(try world.published().stored == before)
    }

    @Test func refusesTargetsOfAnotherKey() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let bytes = Array("evil".utf8)
        let (metadata, image) = try world.targets(
            adding: "2.0.0", bytes: bytes, signer: Keys.key(66))
        try await orchestrator.stage(image.image.sha256, Pieces([bytes]))

        await expectInvalid("forged") {
            _ = try await orchestrator.publish(.targets(metadata), by: World.author)
        }
        #expect(try await orchestrator.releases().items.isEmpty)
    }

    @Test func refusesTargetsWhoseImageIsNotHere() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let (metadata, _) = try world.targets(adding: "2.0.0", bytes: [1, 2, 3])

        await expectInvalid("not uploaded") {
            _ = try await orchestrator.publish(.targets(metadata), by: World.author)
        }
        #expect(try world.published().trusted.targets?.version == 1)
    }

    @Test func refusesOtherBytesForAPublishedVersion() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        try await world.publish("2.0.0", to: orchestrator)
        let bytes = Array("other bytes".utf8)
        let (metadata, image) = try world.targets(adding: "2.0.0", bytes: bytes)
        try await orchestrator.stage(image.image.sha256, Pieces([bytes]))

        do {
            _ = try await orchestrator.publish(.targets(metadata), by: World.author)
            Issue.record("a published image was changed")
        } catch {
            guard case .invalid(let reason) = error else {
                Issue.record(error)
                return
            }
            #expect(reason.contains("cannot be changed"))
        }
    }

    @Test func refusesAnUploadWithAnotherDigest() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let digest = OpenSSLHashing().sha256([1, 2, 3])

        await expectInvalid("do not have the SHA-256") {
            try await orchestrator.stage(digest, Pieces([[1], [2], [4]]))
        }
        #expect(try await !orchestrator.hasImage(digest))
        let staging = world.repository.appending(path: "staging").path
        #expect(try FileManager.default.contentsOfDirectory(atPath: staging).isEmpty)
    }

    /// Cut off at each call to the disk in turn; then the same request goes through.
    @Test func isWholeAfterAFailureAtAnyPoint() async throws {
        for failing in 1...20 {
            let world = try World()
            let files = FailingFiles(try RepositoryDirectory(folder: world.repository))
            let orchestrator = try await world.orchestrator(files: files)
            let bytes = Array("image 2.0.0".utf8)
            let (metadata, image) = try world.targets(adding: "2.0.0", bytes: bytes)
            try await orchestrator.stage(image.image.sha256, Pieces([bytes]))
            files.fail(atCall: failing)
            var hasFailed = false
            do { _ = try await orchestrator.publish(.targets(metadata), by: World.author) } catch {
                hasFailed = true
            }

            // What a client sees is complete, old or new, and its images are there.
            let seen = try world.published().trusted.targets
            for image in try seen?.images().values.map({ $0 }) ?? [] {
                #expect(try files.base.holds(image.image))
            }
            files.fail(atCall: nil)
            _ = try await world.orchestrator().publish(.targets(metadata), by: World.author)
            #expect(try world.published().trusted.targets?.images().count == 1)
            if !hasFailed {
                #expect(failing > 6, "the failures never came")
                return
            }
        }
        Issue.record("publishing takes more than 20 calls")
    }

    @Test func signsAnewBeforeMetadataEnds() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let before = try world.published().trusted
        #expect(before.timestamp?.version == 1)

        // The test repository begins with a year; what the server signs lasts a day.
        world.clock.advance(seconds: 86_400 * 365 - 40_000)
        try await orchestrator.refreshMetadata()

        let after = try world.published().trusted
        #expect(after.timestamp?.version == 2)
        #expect(after.timestamp?.expires == world.clock.now.advanced(by: .seconds(86_400)))
        try await orchestrator.refreshMetadata()
        #expect(try world.published().trusted.timestamp?.version == 2)
    }

    @Test func servesWhatOthersPublishedIntoTheFolder() async throws {
        let world = try World()
        let first = try await world.orchestrator()
        try await world.publish("2.0.0", to: first)
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: world.databasePath + suffix)
        }

        let second = try await world.orchestrator()

        #expect(try await second.releases().items.map(\.release) == [ReleaseID("acme 2.0.0")])
    }

    private func expectInvalid(_ words: String, _ body: () async throws -> Void) async {
        do {
            try await body()
            Issue.record("it was taken")
        } catch let refusal as Refusal {
            guard case .invalid(let reason) = refusal else {
                Issue.record("\(refusal)")
                return
            }
            #expect(reason.contains(words), "\(reason)")
        } catch { Issue.record(error) }
    }
}

/// Real files whose n-th use fails.
final class FailingFiles: RepositoryFiles, ImageStore {
    let base: RepositoryDirectory
    private let left = Mutex<Int?>(nil)

    init(_ base: RepositoryDirectory) { self.base = base }

    func fail(atCall number: Int?) { left.withLock { $0 = number } }

    private func count() throws(StoreError) {
        let fails = left.withLock { left in
            guard let number = left else { return false }
            left = number - 1
            return number == 1
        }
        if fails { throw .full }
    }

    func lock() throws(StoreError) -> any RepositoryLock {
        try count()
        return try base.lock()
    }

    func metadata(_ name: String) throws(StoreError) -> [UInt8]? {
        try count()
        return try base.metadata(name)
    }

    func writeMetadata(_ name: String, _ bytes: [UInt8]) throws(StoreError) {
        try count()
        try base.writeMetadata(name, bytes)
    }

    func holds(_ image: ImageReference) throws(StoreError) -> Bool {
        try count()
        return try base.holds(image)
    }

    func metadataFiles() throws(StoreError) -> [MetadataFile] { try base.metadataFiles() }

    func waitingMetadata() throws(StoreError) -> [[UInt8]] { try base.waitingMetadata() }

    func stage(_ digest: Digest, from path: String) throws(StoreError) {
        try base.stage(digest, from: path)
    }

    var isElsewhere: Bool { false }

    func link(to image: ImageReference) throws(StoreError) -> String? { nil }

    func kept() throws(StoreError) -> [KeptImage] { try base.kept() }

    func remove(_ image: KeptImage) throws(StoreError) { try base.remove(image) }

    func removeFragments(before moment: Instant, isTrial: Bool) throws(StoreError) -> Int {
        try base.removeFragments(before: moment, isTrial: isTrial)
    }

    func stagedLength(of digest: Digest) throws(StoreError) -> Int64? {
        try count()
        return try base.stagedLength(of: digest)
    }

    func publish(
        _ image: ImageReference, withBytesOf twin: ImageReference
    ) throws(StoreError) {
        try count()
        try base.publish(image, withBytesOf: twin)
    }

    func publishStaged(_ image: ImageReference) throws(StoreError) {
        try count()
        try base.publishStaged(image)
    }
}

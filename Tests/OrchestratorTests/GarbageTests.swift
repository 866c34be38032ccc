import Foundation
import Model
import OpenSSL
import Orchestrator
import Stores
import TestSupport
import Testing
import Trust
import Wire

/// What no release names is removed, and never what somebody may still fetch.
@Suite struct GarbageTests {
    private static let day: Int64 = 86_400

    private static func collect(
        _ world: World, olderThanSeconds age: Int64 = day, isTrial: Bool = false
    ) async throws -> GarbageCollector.Report {
        let files = try RepositoryDirectory(folder: world.repository)
        return try await GarbageCollector(
            store: SQLiteStore(path: world.databasePath), files: files, images: files,
            limits: .standard
        ).collect(olderThan: .seconds(age), isTrial: isTrial, now: world.clock.now)
    }

    /// Makes everything in the repository as old as that.
    private static func age(_ world: World, seconds: Int64, in place: String) throws {
        let folder = world.repository.appending(path: place)
        let moment = world.clock.now.advanced(by: .seconds(-seconds))
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
            try FileManager.default.setAttributes(
                [
                    .modificationDate: Date(
                        timeIntervalSince1970: Double(moment.secondsSinceEpoch))
                ], ofItemAtPath: folder.appending(path: name).path)
        }
    }

    private static func exists(_ image: SignedImage, _ world: World) -> Bool {
        FileManager.default.fileExists(
            atPath: world.repository.appending(
                path: "targets/\(image.image.path.prefixed(by: image.image.sha256))"
            ).path)
    }

    @Test func removesWhatWaitedInVain() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let published = try await world.publish("2.0.0", to: orchestrator)
        let digest = OpenSSLHashing().sha256([1, 2, 3])
        try await orchestrator.stage(digest, Pieces([[1, 2, 3]]))
        for place in ["staging", "targets"] {
            try Self.age(world, seconds: 2 * Self.day, in: place)
        }
        let young = OpenSSLHashing().sha256([4])
        try await orchestrator.stage(young, Pieces([[4]]))
        try FileManager.default.setAttributes(
            [
                .modificationDate: Date(
                    timeIntervalSince1970: Double(world.clock.now.secondsSinceEpoch))
            ],
            ofItemAtPath: world.repository.appending(path: "staging/\(young)").path)

        let trial = try await Self.collect(world, isTrial: true)
        #expect(trial.removed.map(\.sha256) == [digest])
        #expect(trial.removedBytes == 3)
        let isStill = try await orchestrator.hasImage(digest)
        #expect(isStill)

        let report = try await Self.collect(world)
        #expect(report.removed.map(\.sha256) == [digest])
        #expect(report.keptCount == 2)
        let isHere = try await orchestrator.hasImage(digest)
        #expect(!isHere)
        let isYoungHere = try await orchestrator.hasImage(young)
        #expect(isYoungHere)
        #expect(Self.exists(published, world))
    }

    @Test func aWithdrawnImageStaysWhileOldMetadataIsValid() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let image = try await world.publish("2.0.0", to: orchestrator)
        try await world.withdraw("2.0.0", from: orchestrator)
        try Self.age(world, seconds: 9 * Self.day, in: "targets")

        // A device that was away may hold the timestamp of yesterday.
        try Self.age(world, seconds: Self.day - 60, in: "metadata")
        let early = try await Self.collect(world)
        #expect(early.removed.isEmpty)
        #expect(Self.exists(image, world))

        try Self.age(world, seconds: Self.day + 60, in: "metadata")
        let late = try await Self.collect(world)
        #expect(late.removed.map(\.sha256) == [image.image.sha256])
        #expect(!Self.exists(image, world))
    }

    @Test func whatAnOpenOfferIsForStays() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let image = try await world.publish("2.0.0", to: orchestrator)
        var devices = try await [TestDevice].enrolled(1, orchestrator)
        _ = try await orchestrator.start(.simple("r"))
        _ = try #require(try await devices[0].checkIn(orchestrator).offer)
        try await world.withdraw("2.0.0", from: orchestrator)
        for place in ["targets", "metadata"] {
            try Self.age(world, seconds: 9 * Self.day, in: place)
        }

        let early = try await Self.collect(world)
        #expect(early.removed.isEmpty)
        #expect(Self.exists(image, world))

        // Now the device hears that it is withdrawn, and lets it go.
        _ = try await devices[0].checkIn(orchestrator)
        let late = try await Self.collect(world)
        #expect(late.removed.map(\.sha256) == [image.image.sha256])
    }

    @Test func whatWaitsForSignaturesStays() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let bytes = Array("image 3.0.0".utf8)
        let (metadata, image) = try world.targets(adding: "3.0.0", bytes: bytes)
        try await orchestrator.stage(image.image.sha256, Pieces([bytes]))
        try Self.age(world, seconds: 9 * Self.day, in: "staging")
        let staged = world.folder.appending(path: "staged")
        try FileManager.default.createDirectory(at: staged, withIntermediateDirectories: true)
        let file = staged.appending(path: "targets.json")
        try Data(metadata).write(to: file)

        let kept = try await Self.collect(world)
        #expect(kept.removed.isEmpty)

        // What cannot be read may name anything.
        try Data("{".utf8).write(to: file)
        await #expect(throws: Refusal.self) { _ = try await Self.collect(world) }
        try FileManager.default.removeItem(at: file)
        let removed = try await Self.collect(world)
        #expect(removed.removed.map(\.sha256) == [image.image.sha256])
    }

    @Test func nothingIsRemovedWhileSomebodyPublishes() async throws {
        let world = try World()
        let orchestrator = try await world.orchestrator()
        let digest = OpenSSLHashing().sha256([1, 2, 3])
        try await orchestrator.stage(digest, Pieces([[1, 2, 3]]))
        try Self.age(world, seconds: 9 * Self.day, in: "staging")
        let lock = try RepositoryDirectory(folder: world.repository).lock()
        await #expect(throws: Refusal.store(.busy)) { _ = try await Self.collect(world) }
        lock.release()
        let report = try await Self.collect(world)
        #expect(report.removed.count == 1)
    }

    @Test func whatIsNoImageStays() async throws {
        let world = try World()
        _ = try await world.orchestrator()
        let names = [
            "targets/notes.txt", "targets/\(String(repeating: "a", count: 64))", "staging/x",
        ]
        for name in names {
            try Data("mine".utf8).write(to: world.repository.appending(path: name))
        }
        for place in ["staging", "targets"] {
            try Self.age(world, seconds: 9 * Self.day, in: place)
        }
        let report = try await Self.collect(world)
        #expect(report.removed.isEmpty)
        for name in names {
            let path = world.repository.appending(path: name).path
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }
}

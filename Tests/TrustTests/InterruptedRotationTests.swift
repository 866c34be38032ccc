import JSON
import Model
import OpenSSL
import Testing
import Trust

/// A root was published, and the snapshot and timestamp of its new keys were not.
@Suite struct InterruptedRotationTests {
    struct Rotation: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let roles: [RoleName]

        func signers() throws -> OnlineSigners {
            OnlineSigners(
                snapshot: try key(roles.contains(.snapshot) ? 34 : 4),
                timestamp: try key(roles.contains(.timestamp) ? 33 : 3), offer: try key(7))
        }
    }

    static let rotations = [
        Rotation(testDescription: "the timestamp key", roles: [.timestamp]),
        Rotation(testDescription: "the snapshot key", roles: [.snapshot]),
        Rotation(testDescription: "both", roles: [.timestamp, .snapshot]),
    ]

    private func root(
        after root: Root, _ rotation: Rotation, expires: Instant = at(9000)
    ) throws -> [UInt8] {
        var draft = RootDraft(following: root)
        draft.expires = expires
        for role in rotation.roles {
            draft.set(
                role,
                try RoleSigners(
                    keys: [key(role == .timestamp ? 33 : 34).publicKey], threshold: 1))
        }
        return try RepositoryWriter(cryptography: cryptography)
            .root(draft, signers: [1, 2].map(key))
    }

    private struct Place: Served { var files: [String: [UInt8]] }

    private func read(_ place: Place) throws -> PublishedRepository {
        try PublishedRepository(
            startingAt: #require(place.files["1.root.json"]), cryptography: cryptography,
            limits: .tests
        ) { name, _ in place.files[name] }
    }

    /// The root lies there, and nothing else that belongs to it.
    private func interrupted(_ rotation: Rotation) throws -> (Place, Client) {
        var keeper = try Keeper()
        try keeper.publish(image())
        var client = Client(new: keeper)
        try client.refresh(from: keeper)
        var place = Place(files: keeper.files)
        place.files["2.root.json"] = try root(after: keeper.repository.root, rotation)
        return (place, client)
    }

    @Test(arguments: rotations)
    func isNoticed(rotation: Rotation) throws {
        let (place, _) = try interrupted(rotation)
        let repository = try read(place)
        #expect(repository.root.version == 1)
        #expect(repository.interruptedRoot?.version == 2)
        #expect(repository.interruptedRoot?.role == .root)
        #expect(repository.interruptedRoot?.bytes == place.files["2.root.json"])
        #expect(repository.images == [try image()])
    }

    @Test(arguments: rotations)
    func isCompletedByTheNextPublishing(rotation: Rotation) throws {
        var (place, client) = try interrupted(rotation)
        #expect(throws: TrustError.self) { try client.refresh(from: place) }
        let before = try read(place)
        let next = try before.publishing(
            [], expiry: Keeper.expiry, signers: rotation.signers())
        let changed = next.files(changedSince: before)
        #expect(changed.map(\.name) == ["3.snapshot.json", "2.root.json", "timestamp.json"])
        for (name, bytes) in changed { place.files[name] = bytes }
        #expect(try read(place).interruptedRoot == nil)
        #expect(try client.refresh(from: place).root.version == 2)
        #expect(client.stored == next.stored)
    }

    @Test(arguments: rotations)
    func isCompletedTogetherWithNewTargets(rotation: Rotation) throws {
        var (place, client) = try interrupted(rotation)
        let before = try read(place)
        let second = try image("b", digest: 2, release: "acme-gateway 2.4.2")
        let bytes = try RepositoryWriter(cryptography: cryptography).targets(
            following: before.targets, .add(second), expires: at(9000), signers: [5, 6].map(key))
        let next = try before.publishing(
            before.accept([.targets: bytes], now: now), expiry: Keeper.expiry,
            signers: rotation.signers())
        for (name, bytes) in next.files(changedSince: before) { place.files[name] = bytes }
        #expect(try client.refresh(from: place).targets?.images().count == 2)
    }

    /// The old keys are not the root's any more, so they cannot complete it.
    @Test(arguments: rotations)
    func isNotCompletedByTheOldKeys(rotation: Rotation) throws {
        let (place, _) = try interrupted(rotation)
        let before = try read(place)
        #expect(throws: TrustError.self) {
            try before.publishing([], expiry: Keeper.expiry, signers: Keeper.online())
        }
    }

    /// Only the last root may be without its own: anything else is nobody's interruption.
    @Test func isNoExcuseForAForgedTimestamp() throws {
        var (place, _) = try interrupted(Self.rotations[0])
        let fake = try FakeRepository()
        place.files["timestamp.json"] = try fake.sign(
            #require(fake.documents[.timestamp]), by: [key(99)])
        #expect(
            refusal { try read(place) }
                == .because(.tooFewSignatures(.timestamp, valid: 0, threshold: 1)))
    }

    @Test func isNoExcuseForARepositoryThatNeverHadAnotherRoot() throws {
        var fake = try FakeRepository()
        try fake.publish(.timestamp, signers: [key(33)])
        let place = Place(files: fake.files)
        #expect(
            refusal { try read(place) }
                == .because(.tooFewSignatures(.timestamp, valid: 0, threshold: 1)))
    }

    @Test func isNoExcuseForAnythingButSignatures() throws {
        var (place, _) = try interrupted(Self.rotations[0])
        place.files["timestamp.json"] = [0]
        guard case .because(.malformed(.timestamp, _)) = refusal({ try read(place) }) else {
            Issue.record("it was read")
            return
        }
        place.files["timestamp.json"] = nil
        #expect(refusal { try read(place) } == .because(.missing(.timestamp)))
    }
}

import JSON
import Model
import OpenSSL
import Testing
import Trust

/// What the keeper of a repository takes, and what comes of it.
@Suite struct PublishedRepositoryTests {
    private let writer = RepositoryWriter(hashing: hashing)

    private static let expiry = PublishedRepository.Expiry(snapshot: at(5000), timestamp: at(4000))

    private static func online() throws -> OnlineSigners {
        OnlineSigners(snapshot: try key(4), timestamp: try key(3), offer: try key(7))
    }

    private func load(_ stored: StoredMetadata) throws -> PublishedRepository {
        try PublishedRepository(stored, cryptography: cryptography, limits: .tests)
    }

    /// A repository with the plain image published through the front door.
    private func withOneImage() throws -> PublishedRepository {
        let empty = try load(FakeRepository().stored())
        return try publishing(image(), in: empty).repository
    }

    private func publishing(
        _ image: SignedImage, in repository: PublishedRepository
    ) throws -> (repository: PublishedRepository, metadata: StoredMetadata) {
        try repository.publishing(
            targets: repository.accept(targets: targets(following: repository, image), now: now),
            expiry: Self.expiry, signers: Self.online())
    }

    private func targets(
        following repository: PublishedRepository, _ image: SignedImage,
        expires: Instant = at(9000), signers: [UInt8] = [5, 6]
    ) throws -> [UInt8] {
        try writer.targets(
            following: repository.targets, adding: image, expires: expires,
            signers: signers.map(key))
    }

    /// The next targets of `repository`, spoiled and then signed as they should be.
    private func targets(
        following repository: PublishedRepository,
        edit: (JSONObject) throws -> JSONObject
    ) throws -> [UInt8] {
        let bytes = try targets(following: repository, image("other.raw", release: "other 1.0"))
        let document = try JSONFields(FakeRepository.envelope(bytes).signed).members
        return try FakeRepository().sign(edit(document), by: [key(5), key(6)])
    }

    // MARK: - Publishing

    @Test func publishesWhatClientsAccept() throws {
        let (repository, metadata) = try publishing(
            image(), in: load(FakeRepository().stored()))
        #expect(repository.targets.version == 2)
        #expect(repository.snapshot.version == 2)
        #expect(repository.timestamp.version == 2)

        var fake = try FakeRepository()
        var client = Client(new: fake)
        try client.refresh(from: fake)
        fake.files["timestamp.json"] = metadata.timestamp
        fake.files["2.snapshot.json"] = metadata.snapshot
        fake.files["2.targets.json"] = metadata.targets
        let set = try client.refresh(from: fake)
        #expect(set.targets?.images.values.map(\.release) == [try release("acme-gateway 2.4.1")])
        #expect(client.stored == metadata)
        #expect(set.timestamp?.expires == at(4000))
        #expect(set.snapshot?.expires == at(5000))
    }

    @Test func tellsWhichImagesMustBeThereFirst() throws {
        let repository = try withOneImage()
        let new = try image("acme/2.4.2.raw", release: "acme-gateway 2.4.2")
        let accepted = try repository.accept(
            targets: targets(following: repository, new), now: now)
        #expect(accepted.added == [new])
        #expect(accepted.targets.version == 3)
    }

    @Test func becomesFreshAgainHoweverStaleItIs() throws {
        var fake = try FakeRepository()
        try fake.publish(.snapshot) { $0.editing("expires", to: "1970-01-01T00:00:01Z") }
        try fake.publish(.timestamp) { $0.editing("expires", to: "1970-01-01T00:00:01Z") }
        var client = Client(new: fake)
        #expect(throws: TrustError.expired(.timestamp, at: at(1))) {
            try client.refresh(from: fake)
        }

        let stale = try load(fake.stored())
        let (fresh, metadata) = try stale.publishing(
            targets: nil, expiry: Self.expiry, signers: Self.online())
        #expect(fresh.targets == stale.targets)
        fake.files["timestamp.json"] = metadata.timestamp
        fake.files["\(fresh.snapshot.version).snapshot.json"] = metadata.snapshot
        #expect(try client.refresh(from: fake).targets?.version == 1)
    }

    @Test func refusesOnlineKeysThatAreNotItsOwn() throws {
        let repository = try load(FakeRepository().stored())
        let swapped = OnlineSigners(snapshot: try key(3), timestamp: try key(4), offer: try key(7))
        #expect(throws: TrustError.tooFewSignatures(.timestamp, valid: 0, threshold: 1)) {
            try repository.publishing(targets: nil, expiry: Self.expiry, signers: swapped)
        }
    }

    /// Two publishers were accepted at once; the second would undo the first.
    @Test func refusesTargetsThatWereAcceptedBeforeOthersWerePublished() throws {
        let before = try withOneImage()
        let first = try image("acme/2.4.2.raw", release: "acme-gateway 2.4.2")
        let second = try image("acme/2.4.3.raw", release: "acme-gateway 2.4.3")
        let late = try before.accept(targets: targets(following: before, second), now: now)
        let after = try publishing(first, in: before).repository
        #expect(throws: PublishRefusal.outdated(offered: 3, current: 3)) {
            try after.publishing(targets: late, expiry: Self.expiry, signers: Self.online())
        }
    }

    // MARK: - Accepting

    @Test func refusesTargetsWithoutEnoughSignatures() throws {
        let repository = try withOneImage()
        let new = try image("acme/2.4.2.raw", release: "acme-gateway 2.4.2")
        let error = TrustError.tooFewSignatures(.targets, valid: 1, threshold: 2)
        #expect(throws: PublishRefusal.untrusted(error)) {
            try repository.accept(
                targets: targets(following: repository, new, signers: [5, 4]), now: now)
        }
    }

    @Test(arguments: [999, 1000] as [Int64])
    func refusesTargetsThatHaveExpired(second: Int64) throws {
        let repository = try withOneImage()
        let new = try image("acme/2.4.2.raw", release: "acme-gateway 2.4.2")
        #expect(throws: PublishRefusal.untrusted(.expired(.targets, at: at(second)))) {
            try repository.accept(
                targets: targets(following: repository, new, expires: at(second)), now: now)
        }
    }

    @Test(arguments: [1, 2, 4] as [Int64])
    func refusesTargetsThatDoNotFollow(version: Int64) throws {
        let repository = try withOneImage()
        let bytes = try targets(following: repository) {
            $0.setting("version", to: .integer(version))
        }
        #expect(throws: PublishRefusal.outdated(offered: version, current: 2)) {
            try repository.accept(targets: bytes, now: now)
        }
    }

    @Test func refusesTargetsThatAreTooLong() throws {
        let repository = try withOneImage()
        let bytes = try targets(following: repository) { $0 }
        let spaces = [UInt8](repeating: 0x20, count: Limits.tests.targetsBytes)
        let error = TrustError.tooLong(.targets, limitBytes: Limits.tests.targetsBytes)
        #expect(throws: PublishRefusal.untrusted(error)) {
            try repository.accept(targets: bytes + spaces, now: now)
        }
    }

    @Test func refusesThatAPublishedImageVanishes() throws {
        let repository = try withOneImage()
        let path = try image().image.path
        let bytes = try targets(following: repository) {
            $0.editing("targets", path.text, to: nil)
        }
        #expect(throws: PublishRefusal.changes(path)) {
            try repository.accept(targets: bytes, now: now)
        }
    }

    static let changes: [(String, @Sendable () throws -> SignedImage)] = [
        ("other bytes", { try image(digest: 2) }),
        ("another version", { try image(release: "acme-gateway 2.4.9") }),
        ("more hardware", { try image(hardware: ["gw-2", "gw-3"]) }),
        ("other stepping stones", { try image(from: ["2.0"]) }),
        ("a permitted downgrade", { try image(mayDowngrade: true) }),
    ]

    @Test(arguments: changes.indices)
    func refusesThatAPublishedImageGetsOther(index: Int) throws {
        let repository = try withOneImage()
        let changed = try Self.changes[index].1()
        #expect(throws: PublishRefusal.changes(changed.image.path), "\(Self.changes[index].0)") {
            try repository.accept(targets: targets(following: repository, changed), now: now)
        }
    }

    @Test func refusesASecondImageOfAReleaseForTheSameHardware() throws {
        let repository = try withOneImage()
        let published = try image()
        let second = try image("acme/again.raw", digest: 2, hardware: ["gw-3", "gw-2"])
        #expect(
            throws: PublishRefusal.twoImages(published.release, published.image.path)
        ) { try repository.accept(targets: targets(following: repository, second), now: now) }
    }

    @Test func takesAnImageOfAReleaseForOtherHardware() throws {
        let repository = try withOneImage()
        let second = try image("acme/gw-3.raw", digest: 2, hardware: ["gw-3"])
        #expect(
            try repository.accept(targets: targets(following: repository, second), now: now).added
                == [second])
    }

    // MARK: - Loading

    @Test(arguments: [RoleName.timestamp, .snapshot, .targets])
    func isNotLoadedWithoutAll(role: RoleName) throws {
        var stored = try FakeRepository().stored()
        switch role {
        case .timestamp: stored.timestamp = nil
        case .snapshot: stored.snapshot = nil
        case .targets: stored.targets = nil
        case .root, .offer: Issue.record("always there, or never")
        }
        #expect(throws: TrustError.missing(role)) { try load(stored) }
    }

    @Test(arguments: [RoleName.timestamp, .snapshot, .targets])
    func isNotLoadedWithAForgedRole(role: RoleName) throws {
        var fake = try FakeRepository()
        try fake.publish(role, signers: [key(99)])
        let threshold = FakeRepository.thresholds[role, default: 1]
        #expect(throws: TrustError.tooFewSignatures(role, valid: 0, threshold: threshold)) {
            try load(fake.stored())
        }
    }

    @Test func writesOneSignatureForAKeyThatIsHandedInTwice() throws {
        let bytes = try writer.emptyTargets(expires: later, signers: [key(5), key(6), key(5)])
        #expect(try FakeRepository.envelope(bytes).signatures.count == 2)
    }

    @Test func writesARootThatIsTrustedOnlyWithItsSignatures() throws {
        let ceremony = RootCeremony(
            version: 1, expires: later,
            roles: [
                .root: .init(keys: [try key(1).publicKey, try key(2).publicKey], threshold: 2),
                .timestamp: .init(keys: [try key(3).publicKey], threshold: 1),
                .snapshot: .init(keys: [try key(3).publicKey], threshold: 1),
                .targets: .init(keys: [try key(5).publicKey], threshold: 1),
            ])
        let bytes = try writer.root(ceremony, signers: [key(1), key(2)])
        let set = try TrustedSet(
            root: bytes, now: now, cryptography: cryptography, limits: .tests)
        #expect(set.root.isConsistent)
        #expect(set.root.offer == nil)
        #expect(set.root.root.threshold == 2)
        #expect(set.root.snapshot.keys == set.root.timestamp.keys)
        let halfSigned = try writer.root(ceremony, signers: [key(1)])
        #expect(throws: TrustError.tooFewSignatures(.root, valid: 1, threshold: 2)) {
            try TrustedSet(root: halfSigned, now: now, cryptography: cryptography, limits: .tests)
        }
    }

    @Test func saysWhyItRefuses() throws {
        let image = try image()
        let refusals: [(PublishRefusal, String)] = [
            (.untrusted(.missing(.targets)), "targets metadata is named but not there"),
            (.outdated(offered: 2, current: 4), "targets version 2 does not follow version 4"),
            (.changes(image.image.path), "acme/2.4.1.raw is published and cannot be changed"),
            (
                .twoImages(image.release, image.image.path),
                "acme-gateway 2.4.1 already has an image for that hardware: acme/2.4.1.raw"
            ),
        ]
        for (refusal, text) in refusals { #expect("\(refusal)".hasPrefix(text)) }
    }
}

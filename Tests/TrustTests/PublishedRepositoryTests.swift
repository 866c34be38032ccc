import JSON
import Model
import OpenSSL
import Testing
import Trust

/// How a repository is read, and what comes of publishing in it.
@Suite struct PublishedRepositoryTests {
    private let writer = RepositoryWriter(cryptography: cryptography)

    private func load(_ stored: StoredMetadata) throws -> PublishedRepository {
        try PublishedRepository(stored, cryptography: cryptography, limits: .tests)
    }

    // MARK: - Publishing

    @Test func publishesWhatClientsAccept() throws {
        var keeper = try Keeper()
        var client = Client(new: keeper)
        try client.refresh(from: keeper)
        try keeper.publish(image())
        #expect(keeper.repository.targets.version == 2)
        #expect(keeper.repository.snapshot.version == 2)
        #expect(keeper.repository.timestamp.version == 2)

        let set = try client.refresh(from: keeper)
        let images = try set.targets?.images().values
        #expect(try images?.map(\.release) == [release("acme-gateway 2.4.1")])
        #expect(client.stored == keeper.repository.stored)
        #expect(set.timestamp?.expires == at(4000))
        #expect(set.snapshot?.expires == at(5000))
    }

    @Test func tellsWhichImagesMustBeThereFirst() throws {
        var keeper = try Keeper()
        try keeper.publish(image())
        let new = try image("acme/2.4.2.raw", release: "acme-gateway 2.4.2")
        let accepted = try keeper.repository.accept(
            [.targets: keeper.signed(.add(new))], now: now)
        #expect(accepted.map(\.role) == [.targets])
        #expect(accepted.map(\.version) == [3])
        #expect(Set(accepted.flatMap(\.images)) == [try image(), new])
    }

    @Test func becomesFreshAgainHoweverStaleItIs() throws {
        var fake = try FakeRepository()
        try fake.publish(.snapshot) { $0.editing("expires", to: "1970-01-01T00:00:01Z") }
        try fake.publish(.timestamp) { $0.editing("expires", to: "1970-01-01T00:00:01Z") }
        var client = Client(new: fake)
        #expect(throws: TrustError.expired(.timestamp, at: at(1))) {
            try client.refresh(from: fake)
        }

        var keeper = try Keeper(fake)
        let stale = keeper.repository
        try keeper.publish([:])
        #expect(keeper.repository.targets == stale.targets)
        #expect(keeper.written == ["3.snapshot.json", "timestamp.json"])
        #expect(try client.refresh(from: keeper).targets?.version == 1)
    }

    @Test func refusesOnlineKeysThatAreNotItsOwn() throws {
        let repository = try Keeper().repository
        let swapped = OnlineSigners(snapshot: try key(3), timestamp: try key(4), offer: try key(7))
        #expect(throws: TrustError.tooFewSignatures(.timestamp, valid: 0, threshold: 1)) {
            try repository.publishing([], expiry: Keeper.expiry, signers: swapped)
        }
    }

    /// Two publishers were accepted at once; the second would undo the first.
    @Test func refusesTargetsThatWereAcceptedBeforeOthersWerePublished() throws {
        var keeper = try Keeper()
        try keeper.publish(image())
        let first = try image("acme/2.4.2.raw", release: "acme-gateway 2.4.2")
        let second = try image("acme/2.4.3.raw", release: "acme-gateway 2.4.3")
        let late = try keeper.repository.accept(
            [.targets: keeper.signed(.add(second))], now: now)
        try keeper.publish(first)
        #expect(throws: PublishRefusal.outdated(.targets, offered: 3, current: 3)) {
            try keeper.publish(late)
        }
    }

    // MARK: - Reading

    @Test(arguments: [RoleName.timestamp, .snapshot, .targets])
    func isNotLoadedWithoutAll(role: RoleName) throws {
        var stored = try FakeRepository().stored()
        stored[role] = nil
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

    // MARK: - Writing

    @Test func writesOneSignatureForAKeyThatIsHandedInTwice() throws {
        let bytes = try writer.emptyTargets(expires: later, signers: [key(5), key(6), key(5)])
        #expect(try FakeRepository.envelope(bytes).signatures.count == 2)
    }

    @Test func writesARootThatIsTrustedOnlyWithItsSignatures() throws {
        let draft = RootDraft(
            expires: later,
            roles: [
                .root: try RoleSigners(keys: [key(1), key(2)].map(\.publicKey), threshold: 2),
                .timestamp: try RoleSigners(keys: [key(3).publicKey], threshold: 1),
                .snapshot: try RoleSigners(keys: [key(3).publicKey], threshold: 1),
                .targets: try RoleSigners(keys: [key(5).publicKey], threshold: 1),
            ])
        let bytes = try writer.root(draft, signers: [key(1), key(2)])
        let set = try TrustedSet(
            root: bytes, now: now, cryptography: cryptography, limits: .tests)
        #expect(set.root.isConsistent)
        #expect(set.root.offer == nil)
        #expect(set.root.root.threshold == 2)
        #expect(set.root.snapshot.keys == set.root.timestamp.keys)
        let halfSigned = try writer.root(draft, signers: [key(1)])
        #expect(throws: TrustError.tooFewSignatures(.root, valid: 1, threshold: 2)) {
            try TrustedSet(root: halfSigned, now: now, cryptography: cryptography, limits: .tests)
        }
    }
}

import JSON
import Model
import OpenSSL
import Testing
import Trust

/// A repository that is read from its place, as a client does.
@Suite struct KeeperReadingTests {
    private func read(
        _ served: some Served, limits: Limits = .tests,
        fetch: ((String, Int) -> [UInt8]?)? = nil
    ) throws -> PublishedRepository {
        try PublishedRepository(
            startingAt: #require(served.files["1.root.json"]), cryptography: cryptography,
            limits: limits
        ) { name, limitBytes in fetch?(name, limitBytes) ?? served.files[name] }
    }

    private func withRoles() throws -> FakeRepository {
        var fake = try FakeRepository()
        try fake.write(
            .targets,
            trusting: [
                FakeDelegation(name: "x", keys: [40]), FakeDelegation(name: "a/b", keys: [41]),
            ])
        try fake.write(delegated("x"), listing: ["a"], keys: [40])
        try fake.write(delegated("a/b"), keys: [41])
        return fake
    }

    // MARK: - Reading

    @Test func readsEverythingThereIs() throws {
        let fake = try withRoles()
        let repository = try read(fake)
        #expect(repository.stored == (try fake.stored()))
        #expect(repository.delegated.count == 2)
        #expect(repository.targets(of: try delegated("x"))?.files.count == 1)
        #expect(repository.targets(of: .targets) == repository.targets)
        for role in [RoleName.root, .timestamp, .snapshot, .offer] {
            #expect(repository.targets(of: role) == nil)
        }
        #expect(repository.interruptedRoot == nil)
    }

    /// Every way ends where it would come back to a role that it passed.
    @Test func readsRolesThatDelegateToEachOther() throws {
        let fake = try FakeRepository(
            edges: ["targets": ["A"], "A": ["B"], "B": ["A", "C"]], listers: ["C"])
        #expect(try read(fake).delegated.count == 3)
    }

    @Test func readsWhatIsExpired() throws {
        var fake = try withRoles()
        for role in [RoleName.targets, try delegated("x"), .snapshot, .timestamp, .root] {
            try fake.publish(role) { $0.editing("expires", to: "1970-01-01T00:00:01Z") }
        }
        #expect(try read(fake).root.version == 2)
    }

    @Test func followsItsRoots() throws {
        var fake = try withRoles()
        try fake.rotate(.root, to: [key(11)], threshold: 1)
        try fake.rotate(.timestamp, to: [key(33)], threshold: 1)
        try fake.publish(.targets)
        let repository = try read(fake)
        #expect(repository.root.version == 3)
        #expect(repository.interruptedRoot == nil)
    }

    @Test func asksForNoMoreThanAClientWould() throws {
        let fake = try withRoles()
        var asked: [String: Int] = [:]
        _ = try read(fake) { name, limitBytes in
            asked[name] = limitBytes
            return nil
        }
        #expect(
            Set(asked.keys) == [
                "2.root.json", "timestamp.json", "4.snapshot.json", "2.targets.json", "1.x.json",
                "1.a/b.json",
            ])
        #expect(asked["1.x.json"] == (try fake.bytes(of: delegated("x"))).count)
    }

    @Test func refusesWhatAClientWouldRefuse() throws {
        for role in [RoleName.timestamp, .snapshot, .targets, try delegated("x")] {
            var fake = try withRoles()
            try fake.publish(role, signers: [key(99)])
            #expect(
                refusal { try read(fake) }
                    == .because(
                        .tooFewSignatures(
                            role, valid: 0,
                            threshold: FakeRepository.thresholds[role, default: 1])))
        }
    }

    @Test func aRoleWithoutMetadataHasSaidNothingYet() throws {
        var fake = try withRoles()
        fake.files["1.x.json"] = nil
        let repository = try read(fake)
        #expect(repository.targets(of: try delegated("x")) == nil)
        #expect(repository.version(of: try delegated("x")) == 1, "the snapshot still names it")
        #expect(repository.signers(of: try delegated("x")).count == 1)
    }

    @Test func passesOnWhatKeepsItFromReading() throws {
        struct Broken: Error {}
        let fake = try FakeRepository()
        #expect(throws: Broken.self) {
            try PublishedRepository(
                startingAt: fake.bytes(of: .root), cryptography: cryptography, limits: .tests
            ) { _, _ in throw Broken() }
        }
    }

    @Test func tellsWhoSigned() throws {
        let fake = try withRoles()
        var client = Client(new: fake)
        var refresh = try client.refreshing(from: fake)
        let bytes = try fake.bytes(of: .targets)
        let progress = try #require(refresh.trusted.signatures(of: .targets, in: bytes))
        #expect(Set(progress.signed) == Set(try [5, 6].map { try key($0).keyID }))
        #expect(progress.waiting == [] && progress.threshold == 2)
        let x = try delegated("x")
        let ofX = try fake.bytes(of: x)
        #expect(refresh.trusted.signatures(of: x, in: ofX) == nil, "nobody looked into it")
        _ = try client.find("a", in: fake, with: &refresh)
        #expect(refresh.trusted.signatures(of: x, in: ofX)?.signed == [try key(40).keyID])
        #expect(refresh.trusted.signatures(of: .targets, in: ofX)?.signed == [])
        #expect(refresh.trusted.signatures(of: .targets, in: [0]) == nil)
        #expect(refresh.trusted.signatures(of: .offer, in: bytes) == nil)
    }

    // MARK: - Writing

    @Test func writesTheTimestampLast() throws {
        var keeper = try Keeper(withRoles())
        let (x, ab) = (try delegated("x"), try delegated("a/b"))
        let root = try RepositoryWriter(cryptography: cryptography)
            .root(RootDraft(following: keeper.repository.root), signers: [1, 2].map(key))
        try keeper.publish([
            .targets: keeper.signed(.renew), x: keeper.signed(.renew, of: x, by: [40]),
            ab: keeper.signed(.renew, of: ab, by: [41]), .root: root,
        ])
        #expect(
            keeper.written == [
                "2.a/b.json", "2.x.json", "3.targets.json", "5.snapshot.json", "2.root.json",
                "timestamp.json",
            ])
        #expect(keeper.repository.files(changedSince: keeper.repository).isEmpty)
    }

    @Test func writesPlainNamesWithoutConsistentSnapshots() throws {
        var fake = try withRoles()
        try fake.stopBeingConsistent()
        var keeper = try Keeper(fake)
        let x = try delegated("x")
        try keeper.publish([x: keeper.signed(.renew, of: x, by: [40])])
        #expect(keeper.written == ["x.json", "snapshot.json", "timestamp.json"])
        #expect(try read(keeper).version(of: x) == 2)
    }

    /// Whoever cuts the power between two files leaves a repository that clients go on using.
    @Test func clientsAreServedHoweverFarTheWritingCame() throws {
        var keeper = try Keeper(withRoles())
        let before = keeper
        let x = try delegated("x")
        try keeper.publish([
            .targets: keeper.signed(.renew), x: keeper.signed(.renew, of: x, by: [40]),
        ])
        var half = FakeServer(files: before.files)
        for name in keeper.written {
            var client = Client(new: half)
            #expect(try client.find("a", in: half)?.role == x)
            half.files[name] = keeper.files[name]
        }
        var client = Client(new: half)
        #expect(try client.refresh(from: half).targets?.version == 3)
    }

    private struct FakeServer: Served { var files: [String: [UInt8]] }
}

import JSON
import Model
import OpenSSL
import Testing
import Trust

/// Delegated roles at the keeper's: trusting, signing, revoking.
@Suite struct DelegatedSigningTests {
    private func delegation(
        _ name: String, _ keys: [UInt8], threshold: Int = 1, paths: [String] = ["*"],
        isTerminating: Bool = false
    ) throws -> TargetsChange {
        .delegate(
            TargetsChange.Delegation(
                name: try #require(DelegatedRoleName(name)),
                signers: try RoleSigners(
                    keys: keys.map { try key($0).publicKey }, threshold: threshold),
                paths: paths.map { PathPattern(JSONString($0)) }, isTerminating: isTerminating))
    }

    private func round(_ keeper: Keeper) -> SigningRound {
        SigningRound(published: keeper.repository, staged: [], cryptography: cryptography)
    }

    /// Targets trusts `x` with every path, and `x` has said nothing yet.
    private func withX() throws -> Keeper {
        var keeper = try Keeper()
        try keeper.publish(delegation("x", [40, 41], threshold: 2))
        return keeper
    }

    @Test func aRoleBeginsWithVersionOne() throws {
        var keeper = try withX()
        let x = try delegated("x")
        #expect(keeper.repository.targets(of: x) == nil)
        #expect(keeper.repository.version(of: x) == nil)
        #expect(keeper.repository.signers(of: x).map(\.threshold) == [2])
        var round = round(keeper)
        _ = round.change(x, .renew, expires: at(9000))
        let staged = round.change(x, .add(try image("a")), expires: at(9000))
        #expect(staged.version == 1)
        #expect(try round.sign(with: key(40)) == [x])
        #expect(round.progress(of: x).map(\.missing) == [1])
        #expect(round.publishable == [])
        #expect(try round.sign(with: key(5)) == [])
        _ = try round.sign(with: key(41))
        #expect(round.publishable == [x])
        try keeper.publish([x: staged.signed(by: round)])
        #expect(keeper.written == ["1.x.json", "3.snapshot.json", "timestamp.json"])
        #expect(keeper.repository.images == [try image("a")])
        #expect(keeper.repository.role(listing: try image("a")) == x)
        #expect(keeper.repository.image(of: try image("a").release, for: try model("gw-2")) != nil)

        var client = Client(new: keeper)
        #expect(try client.find("a", in: keeper)?.image == image("a"))
    }

    @Test func aRoleNobodyDelegatesToHasNoSigners() throws {
        let keeper = try withX()
        var round = round(keeper)
        let y = try delegated("y")
        _ = round.change(y, .renew, expires: at(9000))
        #expect(round.signers(of: y).isEmpty)
        #expect(round.progress(of: y).isEmpty)
        #expect(round.publishable == [])
        let bytes = try keeper.signed(.renew, of: y, by: [5, 6])
        #expect(throws: PublishRefusal.untrusted(.missing(y))) {
            try keeper.repository.accept([y: bytes], now: now)
        }
    }

    @Test(arguments: [[40], [5, 6], [40, 99], []] as [[UInt8]])
    func aRoleIsRefusedWithoutItsThreshold(signers: [UInt8]) throws {
        let keeper = try withX()
        let x = try delegated("x")
        let valid = signers.contains(40) ? 1 : 0
        let bytes = try keeper.signed(.renew, of: x, by: signers)
        #expect(
            throws: PublishRefusal.untrusted(.tooFewSignatures(x, valid: valid, threshold: 2))
        ) { try keeper.repository.accept([x: bytes], now: now) }
    }

    /// Two delegators name `x`, each with a key of its own: a client may come either way.
    @Test func aRoleNeedsEveryDelegator() throws {
        var keeper = try Keeper()
        let x = try delegated("x")
        let a = try delegated("a")
        try keeper.publish(delegation("a", [40]))
        try keeper.publish(delegation("x", [50]))
        try keeper.publish(.renew, of: a, by: [40])
        try keeper.publish(delegation("x", [51]), of: a, by: [40])
        #expect(keeper.repository.signers(of: x).count == 2)
        var round = round(keeper)
        _ = round.change(x, .renew, expires: at(9000))
        #expect(round.progress(of: x).map(\.missing) == [1, 1])
        _ = try round.sign(with: key(50))
        #expect(round.publishable == [])
        #expect(throws: PublishRefusal.self) {
            try keeper.repository.accept([x: round.staged[x]?.bytes ?? []], now: now)
        }
        _ = try round.sign(with: key(51))
        #expect(round.publishable == [x])
        try keeper.publish([x: round.staged[x]?.bytes ?? []])
        #expect(keeper.repository.delegated.count == 2)
    }

    @Test func aRoleAndItsDelegatorAreChangedAtOnce() throws {
        var keeper = try withX()
        let x = try delegated("x")
        try keeper.publish(.renew, of: x, by: [40, 41])
        // Other keys for x: what the old ones signed is worth nothing any more.
        let rotated = try keeper.signed(delegation("x", [42]))
        #expect(
            throws: PublishRefusal.untrusted(.tooFewSignatures(x, valid: 0, threshold: 1))
        ) { try keeper.repository.accept([.targets: rotated], now: now) }
        try keeper.publish([.targets: rotated, x: keeper.signed(.renew, of: x, by: [42])])
        #expect(keeper.repository.version(of: x) == 2)
        #expect(
            keeper.written == [
                "2.x.json", "3.targets.json", "4.snapshot.json", "timestamp.json",
            ])
    }

    // MARK: - Revoking

    @Test func aRevokedRoleStaysInTheSnapshot() throws {
        var keeper = try withX()
        let x = try delegated("x")
        let name = try #require(DelegatedRoleName("x"))
        try keeper.publish(.renew, of: x, by: [40, 41])
        var client = Client(new: keeper)
        _ = try client.find("a", in: keeper)
        try keeper.publish(.revoke(name))
        #expect(keeper.repository.targets.delegations?.kind == .roles([]))
        #expect(keeper.repository.signers(of: x).isEmpty)
        #expect(keeper.repository.snapshot[x]?.version == 1, "or clients would see a rollback")
        #expect(keeper.repository.version(of: x) == 1)
        #expect(try client.find("a", in: keeper) == nil)
        // Trusted anew it goes on where it was, with what its new keys sign.
        var round = round(keeper)
        _ = round.change(.targets, try delegation("x", [43]), expires: at(9000))
        #expect(round.change(x, .renew, expires: at(9000)).version == 2)
        for number in [5, 6, 43] as [UInt8] { _ = try round.sign(with: key(number)) }
        #expect(Set(round.publishable) == [.targets, x])
        try keeper.publish(round.staged.mapValues(\.bytes))
        #expect(keeper.repository.version(of: x) == 2)
        #expect(try client.find("a", in: keeper) == nil)
        #expect(client.fetches == ["2.x.json"])
    }

    @Test func revokingTakesTheKeysAway() throws {
        var keeper = try Keeper()
        try keeper.publish(delegation("x", [40, 41]))
        try keeper.publish(delegation("y", [41, 42]))
        #expect(try keyCount(keeper) == 3)
        try keeper.publish(.revoke(try #require(DelegatedRoleName("x"))))
        #expect(try keyCount(keeper) == 2)
    }

    private func keyCount(_ keeper: Keeper) throws -> Int {
        let bytes = try #require(keeper.repository.stored.targets)
        return try JSONFields(FakeRepository.envelope(bytes).signed)
            .object("delegations").object("keys").members.count
    }

    @Test func aRoleThatListsAPublishedImageIsNotRevoked() throws {
        var keeper = try withX()
        let x = try delegated("x")
        try keeper.publish(.renew, of: x, by: [40, 41])
        try keeper.publish(.add(image("a")), of: x, by: [40, 41])
        let revoking = try keeper.signed(.revoke(#require(DelegatedRoleName("x"))))
        #expect(throws: PublishRefusal.changes(try image("a").image.path)) {
            try keeper.repository.accept([.targets: revoking], now: now)
        }
    }

    // MARK: - As a client would find it

    @Test func anImageOutsideTheRolesPathsIsNotPublished() throws {
        var keeper = try Keeper()
        try keeper.publish(delegation("x", [40], paths: ["acme/*"]))
        let x = try delegated("x")
        try keeper.publish(.renew, of: x, by: [40])
        #expect(throws: PublishRefusal.notFound(try image("other/1.raw").image.path, x)) {
            try keeper.publish(.add(image("other/1.raw")), of: x, by: [40])
        }
        #expect(keeper.repository.images == [])
    }

    /// The first role that lists a path answers for it; a role must not take a path over.
    @Test func noRoleTakesAPublishedPathOver() throws {
        var keeper = try Keeper()
        try keeper.publish(delegation("x", [40]))
        try keeper.publish(delegation("y", [41]))
        let (x, y) = (try delegated("x"), try delegated("y"))
        try keeper.publish(.renew, of: x, by: [40])
        try keeper.publish(.renew, of: y, by: [41])
        try keeper.publish(.add(image("a")), of: y, by: [41])
        #expect(keeper.repository.role(listing: try image("a")) == y)
        let other = try keeper.signed(.add(image("a", digest: 9)), of: x, by: [40])
        #expect(throws: PublishRefusal.changes(try image("a").image.path)) {
            try keeper.repository.accept([x: other], now: now)
        }
        // Nor by a target that is no image at all.
        var document = try JSONFields(
            FakeRepository.envelope(keeper.signed(.renew, of: x, by: [])).signed
        ).members
        document = document.editing("targets", "a", to: plainTarget)
        let plain = try FakeRepository().sign(document, by: [key(40)])
        #expect(throws: PublishRefusal.changes(try image("a").image.path)) {
            try keeper.repository.accept([x: plain], now: now)
        }
    }

    /// A delegation before it whose role says nothing would stop every search on its way.
    @Test func noDelegationHidesAPublishedImage() throws {
        var fake = try FakeRepository()
        let roles = [
            FakeDelegation(name: "silent", keys: [41]), FakeDelegation(name: "x", keys: [40]),
        ]
        try fake.write(.targets, trusting: [roles[1]])
        try fake.write(delegated("x"), keys: [40])
        var keeper = try Keeper(fake)
        try keeper.publish(.add(image("a")), of: delegated("x"), by: [40])
        let document = try #require(fake.documents[.targets])
            .setting("version", to: 3).setting("delegations", to: .object(delegating(roles)))
        let bytes = try fake.sign(document, by: [key(5), key(6)])
        #expect(throws: PublishRefusal.changes(try image("a").image.path)) {
            try keeper.repository.accept([.targets: bytes], now: now)
        }
    }

    /// The keeper follows every way there is, but not for ever.
    @Test func refusesARepositoryWithTooManyWays() throws {
        func ladder(_ steps: Int) throws -> FakeRepository {
            var edges = ["targets": ["a0", "b0"]]
            for step in 0..<steps {
                edges["a\(step)"] = ["a\(step + 1)", "b\(step + 1)"]
                edges["b\(step)"] = ["a\(step + 1)", "b\(step + 1)"]
            }
            return try FakeRepository(edges: edges, listers: [])
        }
        #expect(throws: Never.self) { try Keeper(ladder(3)) }
        let result = refusal { try Keeper(ladder(11)) }
        guard case .because(.malformed(_, problem: "too many delegations lead to it")) = result
        else {
            Issue.record("it was read")
            return
        }
    }
}

extension StagedMetadata {
    /// The same metadata with the signatures that the round has collected.
    fileprivate func signed(by round: SigningRound) -> [UInt8] { round.staged[role]?.bytes ?? [] }
}

import JSON
import Model
import OpenSSL
import Testing
import Trust

/// Delegated roles that are trusted no longer.
@Suite struct RevocationTests {
    private func round(_ keeper: Keeper) -> SigningRound {
        SigningRound(published: keeper.repository, staged: [], cryptography: cryptography)
    }

    /// Targets trusts `x` with every path, and `x` has said nothing yet.
    private func withX() throws -> Keeper {
        var keeper = try Keeper()
        try keeper.publish(delegation("x", [40, 41], threshold: 2))
        return keeper
    }

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

    // MARK: - What vanishes with it

    @Test func takesItsImagesBackAlongWithIt() throws {
        var keeper = try withX()
        let x = try delegated("x")
        let name = try #require(DelegatedRoleName("x"))
        try keeper.publish(.renew, of: x, by: [40, 41])
        let gone = try image("a")
        let earlier = try image("b", digest: 2, release: "acme-gateway 2.0")
        try keeper.publish(.list([gone, earlier]), of: x, by: [40, 41])
        try keeper.publish(.withdraw([earlier]), of: x, by: [40, 41])
        let vanishing = keeper.repository.vanishing(byRevoking: name, of: .targets)
        #expect(Set(vanishing.map(\.path.text)) == ["a", "b"])
        // Noting only some of it is not enough.
        for some in vanishing {
            let bytes = try keeper.signed(.revoke(name, noting: [some]))
            #expect(throws: PublishRefusal.self) {
                try keeper.repository.accept([.targets: bytes], now: now)
            }
        }
        try keeper.publish(.revoke(name, noting: vanishing))
        #expect(keeper.repository.images == [])
        #expect(keeper.repository.withdrawn.map(\.path.text) == ["a", "b"])
        // Their places stay taken.
        #expect(keeper.repository.refusal(of: gone) == .withdrawn(gone.release))
    }

    /// Whoever is still reached in another way takes nothing along.
    @Test func nothingVanishesThatIsReachedInAnotherWay() throws {
        var fake = try FakeRepository()
        let x = FakeDelegation(name: "x", keys: [40])
        let below = FakeDelegation(name: "y", keys: [41])
        try fake.write(.targets, trusting: [x, FakeDelegation(name: "z", keys: [42])])
        try fake.write(delegated("x"), trusting: [below], keys: [40])
        try fake.write(delegated("z"), trusting: [below], keys: [42])
        try fake.write(delegated("y"), keys: [41])
        var keeper = try Keeper(fake)
        try keeper.publish(.add(image("a")), of: delegated("y"), by: [41])
        let names = try ["x", "y", "z"].map { try #require(DelegatedRoleName($0)) }
        let repository = keeper.repository
        #expect(repository.vanishing(byRevoking: names[0], of: .targets) == [])
        #expect(repository.vanishing(byRevoking: names[1], of: try delegated("x")) == [])
        #expect(repository.vanishing(byRevoking: names[1], of: .targets) == [])
        // Without z, y is reached by x alone.
        try keeper.publish(.revoke(names[2]))
        let left = keeper.repository
        #expect(left.vanishing(byRevoking: names[0], of: .targets).map(\.path.text) == ["a"])
        #expect(
            left.vanishing(byRevoking: names[1], of: try delegated("x")).map(\.path.text) == ["a"])
    }
}

import JSON
import Model
import OpenSSL
import Testing
import Trust

/// Roles that depend on each other wait for each other; what can be published is accepted.
@Suite struct PublishableTests {
    private let x = DelegatedRoleName("x").map { RoleName.delegated($0) } ?? .targets

    private func round(_ keeper: Keeper, _ staged: [StagedMetadata] = []) -> SigningRound {
        SigningRound(published: keeper.repository, staged: staged, cryptography: cryptography)
    }

    /// What the round calls publishable, once that was found to be acceptable.
    private func publishable(_ round: SigningRound) throws -> Set<RoleName> {
        let roles = round.publishable
        var files: [RoleName: [UInt8]] = [:]
        for role in roles { files[role] = round.staged[role]?.bytes }
        #expect(files.count == roles.count, "each role once, and staged")
        _ = try round.published.accept(files, now: now)
        return Set(roles)
    }

    /// Targets trusts `x` with one key, and `x` lists nothing.
    private func withX() throws -> Keeper {
        var keeper = try Keeper()
        try keeper.publish(delegation("x", [40]))
        try keeper.publish(.renew, of: x, by: [40])
        return keeper
    }

    @Test func aNewRoleWaitsForTheDraftThatTrustsIt() throws {
        var round = round(try Keeper())
        _ = round.change(.targets, try delegation("x", [42]), expires: at(9000))
        _ = round.change(x, .renew, expires: at(9000))
        #expect(try round.sign(with: key(42)) == [x])
        #expect(try publishable(round) == [])
        for number in [5, 6] as [UInt8] { _ = try round.sign(with: key(number)) }
        #expect(try publishable(round) == [.targets, x])
    }

    @Test func aRoleWithNewKeysWaitsForTheDraftThatNamesThem() throws {
        var round = round(try withX())
        _ = round.change(.targets, try delegation("x", [42]), expires: at(9000))
        _ = round.change(x, .renew, expires: at(9000))
        _ = try round.sign(with: key(42))
        #expect(try publishable(round) == [])
        for number in [5, 6] as [UInt8] { _ = try round.sign(with: key(number)) }
        #expect(try publishable(round) == [.targets, x])
    }

    @Test func aDelegatorWaitsForTheRoleWhoseKeysItChanges() throws {
        var round = round(try withX())
        _ = round.change(.targets, try delegation("x", [42]), expires: at(9000))
        for number in [5, 6] as [UInt8] { _ = try round.sign(with: key(number)) }
        #expect(try publishable(round) == [])
        _ = round.change(x, .renew, expires: at(9000))
        #expect(try publishable(round) == [])
        _ = try round.sign(with: key(42))
        #expect(try publishable(round) == [.targets, x])
    }

    @Test func aDelegatorThatAddsAKeyWaitsForNobody() throws {
        var round = round(try withX())
        _ = round.change(.targets, try delegation("x", [40, 42]), expires: at(9000))
        for number in [5, 6] as [UInt8] { _ = try round.sign(with: key(number)) }
        #expect(try publishable(round) == [.targets])
    }

    @Test func roleAndDelegatorGoAloneWhereNeitherMatters() throws {
        var round = round(try withX())
        _ = round.change(.targets, .renew, expires: at(9000))
        _ = round.change(x, .add(try image("a")), expires: at(9000))
        _ = try round.sign(with: key(40))
        #expect(try publishable(round) == [x])
        for number in [5, 6] as [UInt8] { _ = try round.sign(with: key(number)) }
        #expect(try publishable(round) == [.targets, x])
        round.discard(x)
        #expect(try publishable(round) == [.targets])
    }

    @Test func aRootAndARoleThatItHasNothingToDoWithGoTogether() throws {
        var round = round(try withX())
        _ = round.change(x, .renew, expires: at(9000))
        let timestamp = try RoleSigners(keys: [key(33).publicKey], threshold: 1)
        _ = round.changeRoot { $0.set(.timestamp, timestamp) }
        for number in [1, 2, 40] as [UInt8] { _ = try round.sign(with: key(number)) }
        #expect(try publishable(round) == [.root, x])
    }

    /// Whoever stages something hopeless keeps nobody else from publishing.
    @Test func aRoleThatNobodyTrustsHoldsNobodyUp() throws {
        var round = round(try withX())
        let y = try delegated("y")
        _ = round.change(y, .renew, expires: at(9000))
        _ = round.change(x, .renew, expires: at(9000))
        for number in [40, 41, 5, 6] as [UInt8] { _ = try round.sign(with: key(number)) }
        #expect(try publishable(round) == [x])
    }

    // MARK: - Images that wait

    @Test func tellsAnotherImageThatWaitsForTheSameDevices() throws {
        var round = round(try withX())
        let first = try image("a", hardware: ["gw-2", "gw-3"])
        let second = try image("b", digest: 2, hardware: ["gw-3"])
        #expect(round.waiting(insteadOf: second) == nil)
        _ = round.change(x, .add(first), expires: at(9000))
        #expect(round.waiting(insteadOf: second) == first)
        #expect(round.waiting(insteadOf: first) == nil, "nobody waits instead of itself")
        #expect(
            round.waiting(insteadOf: try image("b", digest: 2, hardware: ["gw-4"])) == nil)
        #expect(
            round.waiting(
                insteadOf: try image("b", digest: 2, release: "acme-gateway 9", hardware: ["gw-3"]))
                == nil)
    }

    @Test func anOutdatedDraftWaitsForNothing() throws {
        var keeper = try withX()
        var round = round(keeper)
        let draft = round.change(x, .add(try image("a")), expires: at(9000))
        try keeper.publish(.renew, of: x, by: [40])
        #expect(
            self.round(keeper, [draft]).waiting(insteadOf: try image("b", digest: 2)) == nil)
    }
}

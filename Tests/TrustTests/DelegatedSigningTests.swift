import JSON
import Model
import OpenSSL
import Testing
import Trust

/// Delegated roles at the keeper's: trusting, signing, revoking.
@Suite struct DelegatedSigningTests {
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
        #expect(try client.find("a", in: keeper)?.image() == image("a"))
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
}

extension StagedMetadata {
    /// The same metadata with the signatures that the round has collected.
    fileprivate func signed(by round: SigningRound) -> [UInt8] { round.staged[role]?.bytes ?? [] }
}

import JSON
import Model
import OpenSSL
import Testing
import Trust

/// Whose signatures are missing, and what can be published.
@Suite struct SigningRoundTests {
    private func round(_ keeper: Keeper) -> SigningRound {
        SigningRound(published: keeper.repository, staged: [], cryptography: cryptography)
    }

    private func signers(_ keys: [UInt8], threshold: Int) throws -> RoleSigners {
        try RoleSigners(keys: keys.map { try key($0).publicKey }, threshold: threshold)
    }

    private func missing(_ round: SigningRound, _ role: RoleName) -> [Int] {
        round.progress(of: role).map(\.missing)
    }

    /// Publishes what the round says can be published.
    private func publish(_ round: SigningRound, in keeper: inout Keeper) throws {
        let roles = round.publishable
        try keeper.publish(
            Dictionary(
                uniqueKeysWithValues: roles.map { ($0, round.staged[$0]?.bytes ?? []) }))
    }

    // MARK: - Targets

    @Test func targetsWaitForTheirThreshold() throws {
        var keeper = try Keeper()
        var round = round(keeper)
        _ = round.change(.targets, .add(try image()), expires: at(9000))
        #expect(missing(round, .targets) == [2])
        #expect(try round.sign(with: key(5)) == [.targets])
        #expect(missing(round, .targets) == [1])
        #expect(round.publishable == [])
        #expect(try round.sign(with: key(99)) == [])
        #expect(try round.sign(with: key(6)) == [.targets])
        #expect(round.publishable == [.targets])
        try publish(round, in: &keeper)
        #expect(keeper.repository.images == [try image()])
    }

    @Test func oneKeyTwiceIsNotTwoKeys() throws {
        var round = round(try Keeper())
        _ = round.change(.targets, .renew, expires: at(9000))
        for _ in 0..<2 { _ = try round.sign(with: key(5)) }
        #expect(missing(round, .targets) == [1])
        #expect(round.publishable == [])
    }

    @Test func aChangeTakesTheSignaturesAway() throws {
        var round = round(try Keeper())
        _ = round.change(.targets, .add(try image()), expires: at(9000))
        _ = try round.sign(with: key(5))
        let second = try image("b", digest: 2, release: "acme-gateway 2.4.2")
        let staged = round.change(.targets, .add(second), expires: at(9500))
        #expect(staged.signatures.isEmpty)
        #expect(staged.version == 2, "it goes on from the draft")
        #expect(staged.expires == at(9500))
        #expect(try round.targets(of: .targets)?.images().count == 2)
        #expect(missing(round, .targets) == [2])
    }

    @Test func takesASignatureThatWasMadeElsewhere() throws {
        var round = round(try Keeper())
        let staged = round.change(.targets, .renew, expires: at(9000))
        let keyID = try key(5).keyID
        #expect(throws: SigningError.invalid(keyID)) {
            try round.add(key(5).sign([1]), by: keyID, to: .targets)
        }
        #expect(throws: SigningError.notAKey(of: .targets)) {
            try round.add(key(4).sign(staged.payload), by: key(4).keyID, to: .targets)
        }
        #expect(throws: SigningError.notStaged(.root)) {
            try round.add([], by: keyID, to: .root)
        }
        #expect(missing(round, .targets) == [2])
        try round.add(key(5).sign(staged.payload), by: keyID, to: .targets)
        #expect(missing(round, .targets) == [1])
    }

    /// Somebody else published in between: what was signed before follows nothing any more.
    @Test func whatIsOutdatedIsNotPublished() throws {
        var keeper = try Keeper()
        var round = round(keeper)
        let late = round.change(.targets, .add(try image()), expires: at(9000))
        for number in [5, 6] as [UInt8] { _ = try round.sign(with: key(number)) }
        #expect(round.isCurrent(.targets))
        try keeper.publish(.renew)
        let next = SigningRound(
            published: keeper.repository, staged: Array(round.staged.values),
            cryptography: cryptography)
        #expect(!next.isCurrent(.targets))
        #expect(next.publishable == [])
        #expect(missing(next, .targets) == [0], "its signatures are as good as ever")
        // A new change begins at what is published, not at the old draft.
        var mended = next
        let staged = mended.change(.targets, .renew, expires: at(9000))
        #expect(staged.version == late.version + 1)
        #expect(try mended.targets(of: .targets)?.images() == [:])
    }

    @Test func forgetsWhatIsDiscarded() throws {
        var round = round(try Keeper())
        _ = round.change(.targets, .renew, expires: at(9000))
        round.discard(.targets)
        #expect(round.staged.isEmpty && round.progress(of: .targets).isEmpty)
        #expect(round.targets(of: .targets)?.version == 1)
        #expect(!round.isCurrent(.targets))
    }

    @Test func takesTheLastOfTwoDrafts() throws {
        let keeper = try Keeper()
        let drafts = try [at(9000), at(9001)].map {
            try StagedMetadata(
                parsing: keeper.signed(.renew, expires: $0), of: .targets, limits: .tests)
        }
        let round = SigningRound(
            published: keeper.repository, staged: drafts, cryptography: cryptography)
        #expect(round.staged == [.targets: drafts[1]])
    }

    // MARK: - Root

    @Test func aRootWaitsForTheOldThresholdAndForItsOwn() throws {
        var keeper = try Keeper()
        var round = round(keeper)
        let new = try signers([11, 12], threshold: 2)
        _ = round.changeRoot { $0.set(.root, new) }
        #expect(missing(round, .root) == [2, 2])
        #expect(round.stagedRoot?.root.threshold == 2)
        for number in [1, 2] as [UInt8] { _ = try round.sign(with: key(number)) }
        #expect(missing(round, .root) == [0, 2])
        #expect(round.publishable == [])
        _ = try round.sign(with: key(11))
        #expect(missing(round, .root) == [0, 1])
        #expect(round.publishable == [])
        _ = try round.sign(with: key(12))
        #expect(round.publishable == [.root])
        try publish(round, in: &keeper)
        #expect(keeper.repository.root.version == 2)
    }

    @Test func theNewKeysAloneAreNotEnough() throws {
        var round = round(try Keeper())
        let new = try signers([11, 12], threshold: 2)
        _ = round.changeRoot { $0.set(.root, new) }
        for number in [11, 12, 1] as [UInt8] { _ = try round.sign(with: key(number)) }
        #expect(missing(round, .root) == [1, 0])
        #expect(round.publishable == [])
    }

    @Test func aRootIsChangedOnTopOfItsDraft() throws {
        var round = round(try Keeper())
        let timestamp = try signers([33], threshold: 1)
        let snapshot = try signers([34], threshold: 1)
        _ = round.changeRoot { $0.set(.timestamp, timestamp) }
        let staged = round.changeRoot {
            $0.set(.snapshot, snapshot)
            $0.expires = at(9000)
        }
        #expect(staged.version == 2)
        let root = try #require(round.stagedRoot)
        #expect(root.timestamp.keys.values.map { $0 } == [try key(33).publicKey])
        #expect(root.snapshot.keys.values.map { $0 } == [try key(34).publicKey])
        #expect(root.expires == at(9000))
    }

    @Test func anOutdatedRootDraftIsBegunAnew() throws {
        var keeper = try Keeper()
        var round = round(keeper)
        let timestamp = try signers([33], threshold: 1)
        _ = round.changeRoot { $0.set(.timestamp, timestamp) }
        let late = try #require(round.staged[.root])
        let renewed = try RepositoryWriter(cryptography: cryptography)
            .root(RootDraft(following: keeper.repository.root), signers: [1, 2].map(key))
        try keeper.publish([.root: renewed])
        round = SigningRound(
            published: keeper.repository, staged: [late], cryptography: cryptography)
        #expect(!round.isCurrent(.root))
        let staged = round.changeRoot { _ in }
        #expect(staged.version == 3)
        #expect(round.stagedRoot?.timestamp.keys.values.map { $0 } == [try key(3).publicKey])
    }

    @Test func aRootThatNobodyCanReadIsNeverPublished() throws {
        var round = round(try Keeper())
        let document = try JSONFields(.object(#require(FakeRepository().documents[.root]))).members
            .setting("version", to: 2).editing("roles", "targets", to: nil)
        let bytes = try FakeRepository().sign(document, by: [key(1), key(2)])
        round.stage(try StagedMetadata(parsing: bytes, of: .root, limits: .tests))
        #expect(round.stagedRoot == nil)
        #expect(round.publishable == [])
    }

    // MARK: - Other targets keys

    @Test func otherTargetsKeysComeTogetherWithTheTargetsThatTheySign() throws {
        var keeper = try Keeper()
        try keeper.publish(image())
        var client = Client(new: keeper)
        try client.refresh(from: keeper)
        var round = round(keeper)
        let targets = try signers([15], threshold: 1)
        _ = round.changeRoot { $0.set(.targets, targets) }
        for number in [1, 2] as [UInt8] { _ = try round.sign(with: key(number)) }
        #expect(missing(round, .root) == [0, 0])
        #expect(round.publishable == [], "the published targets would have no signers")
        _ = round.change(.targets, .renew, expires: at(9000))
        #expect(round.signers(of: .targets).count == 2)
        _ = try round.sign(with: key(15))
        #expect(Set(round.publishable) == [.root, .targets])
        try publish(round, in: &keeper)
        #expect(try client.refresh(from: keeper).targets?.version == 3)
        #expect(keeper.repository.images == [try image()])
    }

    @Test func targetsThatOnlyTheOldKeysSignedGoWithoutTheRoot() throws {
        var round = round(try Keeper())
        let targets = try signers([15], threshold: 1)
        _ = round.changeRoot { $0.set(.targets, targets) }
        _ = round.change(.targets, .renew, expires: at(9000))
        for number in [1, 2, 5, 6] as [UInt8] { _ = try round.sign(with: key(number)) }
        #expect(round.publishable == [.targets])
    }

    @Test func targetsThatOnlyTheNewKeysSignedWaitForTheRoot() throws {
        var round = round(try Keeper())
        let targets = try signers([15], threshold: 1)
        _ = round.changeRoot { $0.set(.targets, targets) }
        _ = round.change(.targets, .renew, expires: at(9000))
        for number in [15, 1] as [UInt8] { _ = try round.sign(with: key(number)) }
        #expect(round.publishable == [])
    }

    @Test func aRootThatKeepsEnoughTargetsKeysGoesAlone() throws {
        var keeper = try Keeper()
        var round = round(keeper)
        let targets = try signers([5, 15], threshold: 1)
        _ = round.changeRoot { $0.set(.targets, targets) }
        for number in [1, 2] as [UInt8] { _ = try round.sign(with: key(number)) }
        #expect(round.publishable == [.root])
        try publish(round, in: &keeper)
    }

    // MARK: - Who may sign what

    @Test func knowsWhichRolesAKeyMaySign() throws {
        var round = round(try Keeper())
        _ = round.change(.targets, .renew, expires: at(9000))
        let both = try signers([5, 11], threshold: 1)
        _ = round.changeRoot { $0.set(.root, both) }
        #expect(round.roles(signedBy: try key(5).publicKey) == [.root, .targets])
        #expect(round.roles(signedBy: try key(1).publicKey) == [.root])
        #expect(round.roles(signedBy: try key(3).publicKey) == [])
        #expect(try round.sign(with: key(5)) == [.root, .targets])
    }
}

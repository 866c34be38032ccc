import JSON
import Model
import OpenSSL
import Testing
import Trust

/// Delegated roles between refreshes: kept, taken back, and fetched anew when they are not current.
@Suite struct DelegationStoreTests {
    private func repository(listing: FakeRepository.Listing = .lengthAndHash) throws
        -> FakeRepository
    {
        var repository = try FakeRepository()
        repository.listing = listing
        try repository.write(
            .targets,
            trusting: [
                FakeDelegation(name: "x", keys: [40]), FakeDelegation(name: "y", keys: [41]),
            ])
        try repository.write(delegated("x"), keys: [40])
        try repository.write(delegated("y"), listing: ["a"], keys: [41])
        return repository
    }

    @Test func keepsWhatItFetched() throws {
        let repository = try repository()
        var client = Client(new: repository)
        _ = try client.find("a", in: repository)
        #expect(
            client.log == [
                "recall x", "fetch 1.x.json", "store x", "recall y", "fetch 1.y.json", "store y",
            ])
        #expect(try client.stored == repository.stored())
    }

    @Test func fetchesNothingThatIsCurrent() throws {
        let repository = try repository()
        var client = Client(new: repository)
        let found = try client.find("a", in: repository)
        #expect(try client.find("a", in: repository) == found)
        #expect(client.log == ["recall x", "recall y"])
    }

    @Test(arguments: [FakeRepository.Listing.nothing, .length, .hash, .lengthAndHash])
    func fetchesOnlyWhatIsNotCurrentAnyMore(listing: FakeRepository.Listing) throws {
        var repository = try repository(listing: listing)
        var client = Client(new: repository)
        _ = try client.find("a", in: repository)
        try repository.publish(delegated("y"))
        #expect(try client.find("a", in: repository)?.role == delegated("y"))
        #expect(client.log == ["recall x", "recall y", "fetch 2.y.json", "store y"])
    }

    /// Whoever can write to the store gets nothing past the checks, and blocks nothing.
    @Test(arguments: [FakeRepository.Listing.nothing, .lengthAndHash])
    func ignoresWhatWasForgedInTheStore(listing: FakeRepository.Listing) throws {
        let repository = try repository(listing: listing)
        let name = try #require(DelegatedRoleName("x"))
        let document = try #require(repository.documents[.delegated(name)])
            .setting("targets", to: ["a": plainTarget])
        let good = try repository.bytes(of: .delegated(name))
        for forged in [
            try repository.sign(document, by: [key(99)]), try repository.sign(document, by: []),
            try repository.sign(document.setting("version", to: 9), by: [key(40)]),
            try repository.bytes(of: delegated("y")), try repository.bytes(of: .targets), [],
            [0xff], good + Array(repeating: 0x20, count: Limits.tests.targetsBytes),
        ] {
            var client = Client(new: repository)
            client.stored.delegated[name] = forged
            #expect(try client.find("a", in: repository)?.role == delegated("y"))
            #expect(client.log.prefix(3) == ["recall x", "fetch 1.x.json", "store x"])
            #expect(client.stored.delegated[name] == good)
        }
    }

    /// It was good once: stored metadata ends like any other.
    @Test func fetchesAgainWhatHasExpiredInTheStore() throws {
        var repository = try repository()
        try repository.publish(delegated("x")) { $0.editing("expires", to: .string("\(at(1010))")) }
        var client = Client(new: repository)
        _ = try client.find("a", in: repository)
        var refresh = try client.refreshing(from: repository, at: at(1010))
        #expect(
            refusal { try client.find("a", in: repository, with: &refresh) }
                == .because(.expired(try delegated("x"), at: at(1010))))
        #expect(client.log == ["recall x", "fetch 2.x.json"])
        try repository.publish(delegated("x"))
        refresh = try client.refreshing(from: repository, at: at(1010))
        #expect(try client.find("a", in: repository, with: &refresh) != nil)
    }

    /// The delegator gave the role to somebody else; what the old keys signed is worth nothing.
    @Test func aRotatedDelegateIsNotTakenBack() throws {
        var repository = try repository()
        var client = Client(new: repository)
        _ = try client.find("a", in: repository)
        try repository.write(
            .targets,
            trusting: [
                FakeDelegation(name: "x", keys: [50]), FakeDelegation(name: "y", keys: [41]),
            ])
        #expect(
            refusal { try client.find("a", in: repository) }
                == .because(.tooFewSignatures(try delegated("x"), valid: 0, threshold: 1)))
        try repository.write(delegated("x"), keys: [50])
        #expect(try client.find("a", in: repository)?.role == delegated("y"))
    }

    @Test func aRevokedDelegateIsNotAsked() throws {
        var repository = try repository()
        var client = Client(new: repository)
        _ = try client.find("a", in: repository)
        try repository.write(.targets, trusting: [FakeDelegation(name: "x", keys: [40])])
        #expect(try client.find("a", in: repository) == nil)
        #expect(client.log == ["recall x"])
    }

    // MARK: - Repositories without consistent snapshots

    @Test func usesPlainNamesWithoutConsistentSnapshots() throws {
        var repository = try repository()
        try repository.stopBeingConsistent()
        var client = Client(new: repository)
        var refresh = try client.refreshing(from: repository)
        #expect(
            client.fetches == [
                "2.root.json", "3.root.json", "timestamp.json", "snapshot.json", "targets.json",
            ])
        #expect(!refresh.trusted.root.isConsistent)
        let found = try client.find("a", in: repository, with: &refresh)
        #expect(client.fetches == ["x.json", "y.json"])
        #expect(found?.role == (try delegated("y")))
        // The next version overwrites the one before.
        try repository.publish(delegated("y"))
        #expect(try client.find("a", in: repository) != nil)
        #expect(client.fetches == ["y.json"])
    }

    /// The member may be absent, as in metadata of before TUF 1.0.
    @Test(arguments: [nil, .null, false] as [JSONValue?])
    func isNotConsistentUnlessRootSaysSo(value: JSONValue?) throws {
        var repository = try FakeRepository()
        try repository.publish(.root) { $0.editing("consistent_snapshot", to: value) }
        var client = Client(new: repository)
        #expect(throws: TrustError.missing(.snapshot)) { try client.refresh(from: repository) }
        #expect(client.fetches.last == "snapshot.json")
    }
}

import JSON
import Model
import OpenSSL
import Testing
import Trust

/// One name, several delegators: what one of them trusts says nothing to another.
@Suite struct DelegationConfusionTests {
    /// `good` and `evil` both name a role `x`, each with a key of its own; they speak for folders
    /// of their own, and whoever signs `x` lists both targets.
    private func repository(signedBy signers: [UInt8]) throws -> FakeRepository {
        var repository = try FakeRepository()
        try repository.write(
            .targets,
            trusting: [
                FakeDelegation(name: "good", keys: [40], paths: ["good/*"]),
                FakeDelegation(name: "evil", keys: [41], paths: ["evil/*"]),
            ])
        try repository.write(
            delegated("good"),
            trusting: [FakeDelegation(name: "x", keys: [50], paths: ["good/*"])], keys: [40])
        try repository.write(
            delegated("evil"),
            trusting: [FakeDelegation(name: "x", keys: [51], paths: ["*", "*/*"])], keys: [41])
        try repository.write(delegated("x"), listing: ["good/a", "evil/a"], keys: signers)
        return repository
    }

    private func unsigned(_ name: String) throws -> Refusal {
        .because(.tooFewSignatures(try delegated(name), valid: 0, threshold: 1))
    }

    @Test func aRoleVerifiedForOneDelegatorDoesNotCountForAnother() throws {
        let repository = try repository(signedBy: [51])
        var client = Client(new: repository)
        var refresh = try client.refreshing(from: repository)
        #expect(try client.find("evil/a", in: repository, with: &refresh)?.role == delegated("x"))
        #expect(
            try refusal { try client.find("good/a", in: repository, with: &refresh) }
                == unsigned("x"))
        #expect(refresh.found == nil)
        // It is verified for its own delegator as before.
        #expect(try client.find("evil/a", in: repository, with: &refresh)?.role == delegated("x"))
        #expect(client.log == [])
    }

    @Test func aRoleStoredForOneDelegatorDoesNotCountForAnother() throws {
        let repository = try repository(signedBy: [51])
        var client = Client(new: repository)
        _ = try client.find("evil/a", in: repository)
        #expect(client.stored[try delegated("x")] != nil)
        #expect(try refusal { try client.find("good/a", in: repository) } == unsigned("x"))
    }

    @Test func aRoleSignedForBothIsTrustedByBoth() throws {
        let repository = try repository(signedBy: [50, 51])
        var client = Client(new: repository)
        var refresh = try client.refreshing(from: repository)
        for path in ["evil/a", "good/a"] {
            #expect(try client.find(path, in: repository, with: &refresh)?.role == delegated("x"))
        }
        // What was verified one way is taken from the store for the other, and verified again.
        #expect(client.log == ["recall good", "fetch 1.good.json", "store good", "recall x"])
    }

    /// The role below `x` has the same keys both times; but it is two different `x` that name it.
    @Test func aRoleBelowAConfusedOneDoesNotCountEither() throws {
        var repository = try repository(signedBy: [51])
        try repository.write(
            delegated("x"),
            trusting: [FakeDelegation(name: "y", keys: [60], paths: ["*/*"])])
        try repository.write(delegated("y"), listing: ["good/a", "evil/a"], keys: [60])
        var client = Client(new: repository)
        var refresh = try client.refreshing(from: repository)
        #expect(try client.find("evil/a", in: repository, with: &refresh)?.role == delegated("y"))
        #expect(
            try refusal { try client.find("good/a", in: repository, with: &refresh) }
                == unsigned("x"))
    }

    /// Two ways lead to two roles `x`, and both `x` lead to `y`: the delegator's name is the same,
    /// but it is not the same delegator.
    @Test func theSameDelegatorsNameReachedInTwoWaysIsTwoDelegators() throws {
        var repository = try FakeRepository()
        try repository.write(
            .targets,
            trusting: [
                FakeDelegation(name: "evil", keys: [41], paths: ["evil/*"]),
                FakeDelegation(name: "good", keys: [40], paths: ["good/*"]),
            ])
        // Both call their helper `x` and trust the same keys with it.
        for (name, number) in [("evil", 41), ("good", 40)] as [(String, UInt8)] {
            try repository.write(
                delegated(name),
                trusting: [FakeDelegation(name: "x", keys: [number + 10], paths: ["*/*"])],
                keys: [number])
        }
        try repository.write(
            delegated("x"),
            trusting: [FakeDelegation(name: "y", keys: [60], paths: ["*/*"])], keys: [51])
        try repository.write(delegated("y"), listing: ["good/a", "evil/a"], keys: [60])
        var client = Client(new: repository)
        var refresh = try client.refreshing(from: repository)
        #expect(try client.find("evil/a", in: repository, with: &refresh)?.role == delegated("y"))
        #expect(
            try refusal { try client.find("good/a", in: repository, with: &refresh) }
                == unsigned("x"))
        #expect(
            try refusal { try client.find("good/a", in: repository) } == unsigned("x"))
    }

    /// A role named by targets directly and by another role, with different keys.
    @Test func targetsIsADelegatorLikeAnyOther() throws {
        var repository = try FakeRepository()
        try repository.write(
            .targets,
            trusting: [
                FakeDelegation(name: "a", keys: [40], paths: ["a/*"]),
                FakeDelegation(name: "x", keys: [50], paths: ["x/*"]),
            ])
        try repository.write(
            delegated("a"),
            trusting: [FakeDelegation(name: "x", keys: [51], paths: ["*/*"])], keys: [40])
        try repository.write(delegated("x"), listing: ["a/1", "x/1"], keys: [51])
        var client = Client(new: repository)
        var refresh = try client.refreshing(from: repository)
        #expect(try client.find("a/1", in: repository, with: &refresh)?.role == delegated("x"))
        #expect(
            try refusal { try client.find("x/1", in: repository, with: &refresh) }
                == unsigned("x"))
    }

    /// The delegators' thresholds differ, not their keys.
    @Test func aLowerThresholdElsewhereDoesNotCount() throws {
        var repository = try FakeRepository()
        try repository.write(
            .targets,
            trusting: [
                FakeDelegation(name: "a", keys: [40], paths: ["a/*"]),
                FakeDelegation(name: "x", keys: [50, 51], threshold: 2, paths: ["x/*"]),
            ])
        try repository.write(
            delegated("a"),
            trusting: [FakeDelegation(name: "x", keys: [50, 51], paths: ["a/*"])], keys: [40])
        try repository.write(delegated("x"), listing: ["a/1", "x/1"], keys: [50])
        var client = Client(new: repository)
        var refresh = try client.refreshing(from: repository)
        #expect(try client.find("a/1", in: repository, with: &refresh)?.role == delegated("x"))
        #expect(
            refusal { try client.find("x/1", in: repository, with: &refresh) }
                == .because(.tooFewSignatures(try delegated("x"), valid: 1, threshold: 2)))
    }

    /// Every link of the chain must cover the path.
    @Test func aRoleSpeaksOnlyForWhatItsDelegatorMaySpeakFor() throws {
        let repository = try repository(signedBy: [50, 51])
        var client = Client(new: repository)
        #expect(try client.find("other/a", in: repository) == nil)
        #expect(client.log == [])
    }
}

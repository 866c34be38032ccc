import JSON
import Model
import OpenSSL
import Testing
import Trust

/// The attacks of ``Attack/table``, each on a device that has a history and on one that has none.
@Suite struct AttackTests {
    @Test(arguments: Attack.table)
    func isRefusedByADeviceThatHasAHistory(attack: Attack) throws {
        let good = try FakeRepository.aged()
        var client = Client(new: good)
        let before = try client.refresh(from: good)
        let storedTargets = client.stored.targets
        var bad = good
        try attack.attack(&bad)
        #expect(refusal { try client.refresh(from: bad) } == attack.refusal)
        #expect(client.stored.targets == storedTargets)
        try expectRecovery(of: &client, after: before, good: good)
    }

    /// A refused refresh leaves a device from which the next good one goes on.
    private func expectRecovery(
        of client: inout Client, after before: TrustedSet, good: FakeRepository
    ) throws {
        guard
            try FakeRepository.envelope(client.stored.root).signed
                == FakeRepository.envelope(good.bytes(of: .root)).signed
        else { return }  // An expired root was followed, as it must be (TUF 5.3.10).
        var mended = good
        for _ in 0..<3 { try mended.publish(.targets) }
        let after = try client.refresh(from: mended)
        #expect(before.targets?.version == 4)
        #expect(after.targets?.version == 7)
    }

    @Test(arguments: Attack.table.filter(\.needsNoHistory))
    func isRefusedByANewDevice(attack: Attack) throws {
        let good = try FakeRepository.aged()
        var bad = good
        try attack.attack(&bad)
        var client = Client(new: good)
        #expect(refusal { try client.refresh(from: bad) } == attack.refusal)
        #expect(client.stored.targets == nil)
    }

    @Test(arguments: Attack.table)
    func leavesTheTrustedSetAsItWas(attack: Attack) throws {
        let good = try FakeRepository.aged()
        let stored = try good.stored()
        var bad = good
        try attack.attack(&bad)
        var set = try TrustedSet(
            root: stored.root, now: now, cryptography: cryptography, limits: .tests)
        try set.adoptTimestamp(try #require(stored.timestamp))
        try set.adoptSnapshot(try #require(stored.snapshot))
        try set.adoptTargets(try #require(stored.targets))
        let before = set
        if let root = bad.files["2.root.json"], (try? set.adoptRoot(root)) == nil {
            #expect(set.root == before.root)
        }
        if (try? set.adoptTimestamp(bad.files["timestamp.json"] ?? [])) == nil {
            #expect(set.timestamp == before.timestamp)
        }
        let snapshot = bad.files[try bad.name(of: .snapshot)] ?? []
        if (try? set.adoptSnapshot(snapshot)) == nil { #expect(set.snapshot == before.snapshot) }
        let targets = bad.files[try bad.name(of: .targets)] ?? []
        if (try? set.adoptTargets(targets)) == nil { #expect(set.targets == before.targets) }
    }

    // MARK: - Attacks that take more than one refresh

    /// The online keys are stolen; the device is cut off between timestamp and snapshot, so that
    /// the snapshot it has is not the one that its timestamp describes.
    @Test func noticesARollbackWithASnapshotThatIsNoLongerTheCurrentOne() throws {
        var good = try FakeRepository.aged()
        // A longer snapshot than any that follows.
        try good.publish(.snapshot) {
            $0.editing("x-padding", to: .string(String(repeating: "x", count: 500)))
        }
        var client = Client(new: good)
        try client.refresh(from: good)

        var bad = good
        try bad.publish(.snapshot) { $0.editing("meta", "targets.json", "version", to: 3) }
        let name = try bad.name(of: .snapshot)
        var cut = bad
        cut.files[name] = nil
        #expect(throws: TrustError.missing(.snapshot)) { try client.refresh(from: cut) }
        #expect(throws: TrustError.rollback(.targets, offered: 3, trusted: 4)) {
            try client.refresh(from: bad)
        }
    }

    @Test func noticesARollbackAlthoughTheStoredTimestampIsDamaged() throws {
        let good = try FakeRepository.aged()
        var client = Client(try good.stored())
        client.stored.timestamp = [0]
        var bad = good
        try bad.publish(.snapshot) { $0.editing("meta", "targets.json", "version", to: 3) }
        #expect(throws: TrustError.rollback(.targets, offered: 3, trusted: 4)) {
            try client.refresh(from: bad)
        }
    }

    @Test func noticesThatADelegatedRoleVanishes() throws {
        var good = try FakeRepository.aged()
        try good.publish(.snapshot) { $0.editing("meta", "other.json", to: ["version": 7]) }
        var client = Client(new: good)
        try client.refresh(from: good)
        try good.publish(.snapshot)
        let other = RoleName.delegated(try #require(DelegatedRoleName("other")))
        #expect(throws: TrustError.rollback(other, offered: 0, trusted: 7)) {
            try client.refresh(from: good)
        }
    }

    @Test func findsNoTargetsInASnapshotThatNeverNamedAny() throws {
        var repository = try FakeRepository()
        try repository.publish(.snapshot) { $0.setting("meta", to: [:]) }
        var client = Client(new: repository)
        #expect(throws: TrustError.missing(.targets)) { try client.refresh(from: repository) }
    }

    /// A device that was told a rejected timestamp must not keep it (tough CVE-2025-2888).
    @Test func doesNotKeepATimestampThatHasExpired() throws {
        var repository = try FakeRepository.aged()
        var client = Client(new: repository)
        try client.refresh(from: repository)
        let kept = client.stored
        try repository.publish(.timestamp) { $0.editing("expires", to: .string("\(at(999))")) }
        #expect(throws: TrustError.expired(.timestamp, at: at(999))) {
            try client.refresh(from: repository)
        }
        #expect(client.stored == kept)
    }

    @Test func asksForNothingBelowARoleThatItHasNot() throws {
        let good = try FakeRepository()
        var set = try TrustedSet(
            root: good.bytes(of: .root), now: now, cryptography: cryptography, limits: .tests)
        #expect(throws: TrustError.missing(.timestamp)) {
            try set.adoptSnapshot(good.bytes(of: .snapshot))
        }
        #expect(throws: TrustError.missing(.targets)) {
            try set.adoptTargets(good.bytes(of: .targets))
        }
    }
}

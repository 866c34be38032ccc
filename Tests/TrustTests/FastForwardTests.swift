import JSON
import Model
import OpenSSL
import Testing
import Trust

/// Recovery from a fast-forward attack (TUF 5.3.11).
@Suite struct FastForwardTests {
    /// An attacker with the online keys has made devices believe in far versions.
    private func fastForwarded() throws -> (good: FakeRepository, client: Client) {
        let good = try FakeRepository()
        var bad = good
        try bad.publish(.snapshot) {
            $0.editing("meta", "targets.json", "version", to: 900)
        }
        try bad.publish(.timestamp) {
            $0.setting("version", to: 900).editing("meta", "snapshot.json", "version", to: 2)
        }
        var client = Client(new: good)
        // The targets do not exist, but timestamp and snapshot are trusted by then.
        #expect(throws: TrustError.wrongVersion(.targets, offered: 1, expected: 900)) {
            bad.files["900.targets.json"] = bad.files["1.targets.json"]
            try client.refresh(from: bad)
        }
        #expect(throws: TrustError.rollback(.timestamp, offered: 1, trusted: 900)) {
            try client.refresh(from: good)
        }
        return (good, client)
    }

    struct Rotation: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let role: RoleName
        let keys: [UInt8]
    }

    static let rotations = [
        Rotation(testDescription: "another timestamp key", role: .timestamp, keys: [33]),
        Rotation(testDescription: "one more timestamp key", role: .timestamp, keys: [3, 33]),
        Rotation(testDescription: "another snapshot key", role: .snapshot, keys: [34]),
        Rotation(testDescription: "one more snapshot key", role: .snapshot, keys: [4, 34]),
    ]

    @Test(arguments: rotations)
    func aRotatedOnlineKeyForgetsWhatTheOldOnesSigned(rotation: Rotation) throws {
        var (good, client) = try fastForwarded()
        try good.rotate(rotation.role, to: rotation.keys.map(key), threshold: 1)
        try good.publish(.targets)
        let set = try client.refresh(from: good)
        #expect(
            client.log.prefix(4) == [
                "fetch 2.root.json", "forget timestamp", "forget snapshot", "store root",
            ])
        #expect(set.timestamp?.version == 2)
        #expect(set.targets?.version == 2)
        #expect(try client.stored == good.stored())
    }

    @Test func aRootThatChangesNoOnlineKeyForgetsNothing() throws {
        var (good, client) = try fastForwarded()
        try good.publish(.root)
        #expect(throws: TrustError.rollback(.timestamp, offered: 1, trusted: 900)) {
            try client.refresh(from: good)
        }
        #expect(!client.log.contains { $0.hasPrefix("forget") })
    }

    @Test func aTrustedSetForgetsTogetherWithItsRoot() throws {
        var good = try FakeRepository()
        let stored = try good.stored()
        var set = try TrustedSet(
            root: stored.root, now: now, cryptography: cryptography, limits: .tests)
        try set.adoptTimestamp(try #require(stored.timestamp))
        try set.adoptSnapshot(try #require(stored.snapshot))
        try set.adoptTargets(try #require(stored.targets))
        try good.publish(.root)
        #expect(try set.adoptRoot(good.bytes(of: .root)) == false)
        #expect(set.timestamp != nil && set.snapshot != nil && set.targets != nil)
        try good.rotate(.snapshot, to: [key(34)], threshold: 1)
        #expect(try set.adoptRoot(good.bytes(of: .root)) == true)
        #expect(set.timestamp == nil && set.snapshot == nil && set.targets == nil)
    }

    // MARK: - Each role by itself

    /// How far a device has been led, by whoever holds one key, and which rotation leads it back.
    struct Lead: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// The role whose version the device has been made to believe in.
        let role: RoleName
        let rotated: RoleName
        let keys: [UInt8]
        let attack: @Sendable (inout FakeRepository) throws -> Void
    }

    static let leads = [
        Lead(testDescription: "the timestamp", role: .timestamp, rotated: .timestamp, keys: [33]) {
            try $0.publish(.timestamp) { $0.setting("version", to: 900) }
        },
        Lead(
            testDescription: "the timestamp, by the snapshot key", role: .timestamp,
            rotated: .snapshot, keys: [34]
        ) { try $0.publish(.timestamp) { $0.setting("version", to: 900) } },
        Lead(testDescription: "the snapshot", role: .snapshot, rotated: .snapshot, keys: [34]) {
            try lead(&$0, snapshotTo: 900)
        },
        Lead(
            testDescription: "the snapshot, by the timestamp key", role: .snapshot,
            rotated: .timestamp, keys: [33]
        ) { try lead(&$0, snapshotTo: 900) },
        Lead(testDescription: "the targets", role: .targets, rotated: .snapshot, keys: [34]) {
            try lead(&$0, targetsTo: 900)
        },
    ]

    private static func lead(
        _ repository: inout FakeRepository, snapshotTo version: Int64
    ) throws {
        let bytes = try repository.sign(
            #require(repository.documents[.snapshot]).setting("version", to: .integer(version)),
            by: [key(4)])
        repository.files["\(version).snapshot.json"] = bytes
        try repository.publish(.timestamp) {
            $0.editing("meta", "snapshot.json", to: ["version": .integer(version)])
        }
    }

    /// The thief of all online and targets keys.
    private static func lead(
        _ repository: inout FakeRepository, targetsTo version: Int64
    ) throws {
        let bytes = try repository.sign(
            #require(repository.documents[.targets]).setting("version", to: .integer(version)),
            by: [key(5), key(6)])
        repository.files["\(version).targets.json"] = bytes
        try repository.publish(.snapshot) {
            $0.editing("meta", "targets.json", to: ["version": .integer(version)])
        }
    }

    @Test(arguments: leads)
    func recoversFromALeadIn(lead: Lead) throws {
        let good = try FakeRepository.aged()
        var client = Client(new: good)
        try client.refresh(from: good)
        var bad = good
        try lead.attack(&bad)
        let set = try client.refresh(from: bad)
        switch lead.role {
        case .timestamp: #expect(set.timestamp?.version == 900)
        case .snapshot: #expect(set.snapshot?.version == 900)
        default: #expect(set.targets?.version == 900)
        }
        // By itself nothing leads back.
        var mended = good
        for _ in 0..<3 { try mended.publish(.targets) }
        #expect(
            refusal { try client.refresh(from: mended) }
                == .because(
                    .rollback(lead.role, offered: 7, trusted: 900)))
        try mended.rotate(lead.rotated, to: lead.keys.map(key), threshold: 1)
        try mended.publish(.targets)
        #expect(try client.refresh(from: mended).targets?.version == 8)
        #expect(try client.stored == mended.stored())
    }
}

import JSON
import Model
import OpenSSL
import Testing
import Trust

/// The attacks of facts/trust.md B.5 and the rules of B.3, each on a device that has a history.
@Suite struct AttackTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let error: TrustError
        /// Whether a device without a history refuses it, too.
        let needsNoHistory: Bool
        let attack: @Sendable (inout FakeRepository) throws -> Void

        init(
            _ sentence: String, _ error: TrustError, needsNoHistory: Bool = true,
            _ attack: @escaping @Sendable (inout FakeRepository) throws -> Void
        ) {
            testDescription = sentence
            self.error = error
            self.needsNoHistory = needsNoHistory
            self.attack = attack
        }
    }

    /// The roles that are refreshed in every refresh; at version 4 before the attack.
    static let roles: [RoleName] = [.timestamp, .snapshot, .targets]

    static func threshold(_ role: RoleName) -> Int { FakeRepository.thresholds[role, default: 1] }

    static func unsigned(_ role: RoleName, valid: Int = 0) -> TrustError {
        .tooFewSignatures(role, valid: valid, threshold: threshold(role))
    }

    static let malformed = TrustError.malformed

    // MARK: - Arbitrary installation

    static let forgeries: [Row] = roles.flatMap { role in
        [
            Row("unsigned \(role)", unsigned(role)) { try $0.publish(role, signers: []) },
            Row("\(role) of a foreign key", unsigned(role)) {
                try $0.publish(role, signers: [key(98), key(99)])
            },
            Row("\(role) signed by another role's keys", unsigned(role)) {
                try $0.publish(role, signers: [key(1), key(2), key(7)])
            },
            Row("\(role) changed after it was signed", unsigned(role)) {
                try $0.publishChanged(role) { bytes in
                    let envelope = try FakeRepository.envelope(bytes)
                    return SignedEnvelope(
                        signed: try JSONFields(envelope.signed).members.setting("x", to: 1),
                        signatures: envelope.signatures
                    ).bytes
                }
            },
            Row("\(role) with one signature under every key's name", unsigned(role)) {
                let signers = $0.signers[role, default: []]
                try $0.publishChanged(role) { bytes in
                    let envelope = try FakeRepository.envelope(bytes)
                    let foreign = try key(99).sign(envelope.payload)
                    return SignedEnvelope(
                        signed: try JSONFields(envelope.signed).members,
                        signatures: signers.map { .init(keyID: $0.keyID.text, bytes: foreign) }
                    ).bytes
                }
            },
        ]
    }

    static let miscounts: [Row] = [
        Row("targets with one signature where two are needed", unsigned(.targets, valid: 1)) {
            try $0.publish(.targets, signers: [key(5)])
        },
        Row("targets with one good and one foreign signature", unsigned(.targets, valid: 1)) {
            try $0.publish(.targets, signers: [key(5), key(99)])
        },
        Row(
            "targets signed twice under one key id",
            malformed(.targets, "key \"\(keyIDText(5))\" signed twice")
        ) {
            try $0.publishChanged(.targets, signers: [key(5)]) { bytes in
                let value = try JSONValue(parsing: bytes, limits: .standard(bytes: 10_000))
                let fields = try JSONFields(value)
                let one = try fields.array("signatures", maximumCount: 1)[0].value
                return JSONValue.object(fields.members.setting("signatures", to: [one, one]))
                    .compactBytes
            }
        },
        Row("too many signatures", malformed(.targets, "9 signatures are too many")) {
            try $0.publish(.targets, signers: [key(5), key(6)] + (90..<97).map(key))
        },
    ]

    static func keyIDText(_ number: UInt8) -> String {
        (try? key(number).keyID.text) ?? "no such key"
    }

    // MARK: - Rollback

    static let rollbacks: [Row] = [
        Row(
            "an older timestamp", .rollback(.timestamp, offered: 3, trusted: 4),
            needsNoHistory: false
        ) { try $0.publish(.timestamp) { $0.setting("version", to: 3) } },
        Row(
            "a new timestamp that names an older snapshot",
            .rollback(.snapshot, offered: 3, trusted: 4), needsNoHistory: false
        ) { try $0.publish(.timestamp) { $0.editing("meta", "snapshot.json", "version", to: 3) } },
        Row(
            "a new snapshot that names older targets",
            .rollback(.targets, offered: 3, trusted: 4), needsNoHistory: false
        ) { try $0.publish(.snapshot) { $0.editing("meta", "targets.json", "version", to: 3) } },
        Row(
            "a new snapshot that no longer names the targets",
            .rollback(.targets, offered: 0, trusted: 4), needsNoHistory: false
        ) { try $0.publish(.snapshot) { $0.editing("meta", "targets.json", to: nil) } },
    ]

    // MARK: - Mix and match

    static let mixtures: [Row] = [RoleName.snapshot, .targets].flatMap { role in
        [
            Row(
                "\(role) of another version than is named",
                .wrongVersion(role, offered: 9, expected: 5)
            ) { try $0.publish(role) { $0.setting("version", to: 9) } },
            Row(
                "\(role) of another version where only versions are named",
                .wrongVersion(role, offered: 4, expected: 5)
            ) {
                $0.listing = .nothing
                try $0.publish(role) { $0.setting("version", to: 4) }
            },
        ]
            + [FakeRepository.Listing.hash, .length, .lengthAndHash].map { listing in
                Row("\(role) with other bytes than those of the \(listing)", .wrongBytes(role)) {
                    $0.listing = listing
                    let space: UInt8 = listing == .hash ? 0x0a : 0x20
                    try $0.publish(role)
                    try $0.files[$0.name(of: role)]?.append(space)
                }
            }
    }

    // MARK: - Freeze

    static let freezes: [Row] = ([.root] + roles).flatMap { role in
        // The moment of expiry itself is too late, too.
        [999, 1000].map { second in
            Row("\(role) that ended at \(second)", .expired(role, at: at(second))) {
                try $0.publish(role) { $0.editing("expires", to: .string("\(at(second))")) }
            }
        }
    }

    // MARK: - Endless data, and nothing at all

    static let amounts: [Row] =
        roles.map { role in
            Row("\(role) that is not there", .missing(role)) {
                try $0.publish(.targets)
                $0.files[try $0.name(of: role)] = nil
            }
        }
        + [
            (RoleName.root, Limits.tests.rootBytes), (.timestamp, Limits.tests.timestampBytes),
            (.snapshot, Limits.tests.snapshotBytes), (.targets, Limits.tests.targetsBytes),
        ].map { role, limitBytes in
            Row("\(role) longer than its limit", .tooLong(role, limitBytes: limitBytes)) {
                $0.listing = .nothing
                try $0.publishChanged(role) { bytes in
                    bytes + Array(repeating: 0x20, count: limitBytes + 1 - bytes.count)
                }
            }
        }

    // MARK: - Hostile content under good signatures

    static let contents: [Row] = ([.root] + roles).flatMap { role in
        [
            ("another _type", ["_type"], "mirror", "_type: expected \"\(role.rawValue)\""),
            ("no _type", ["_type"], nil, "_type: expected a string, found nothing"),
            ("a later spec_version", ["spec_version"], "2.0.0", "spec_version: expected 1.x"),
            ("spec_version 10", ["spec_version"], "10.0", "spec_version: expected 1.x"),
            (
                "a date without a zone", ["expires"], "2030-01-01T00:00:00",
                "expires: expected a time such as 2026-01-31T12:00:00Z"
            ),
            (
                "a date that is none", ["expires"], "2030-02-30T00:00:00Z",
                "expires: expected a time such as 2026-01-31T12:00:00Z"
            ),
            ("a number for a date", ["expires"], 5, "expires: expected a string, found a number"),
            (
                "version 0", ["version"], 0,
                "version: expected a number from 1 to \(Int64.max - 1)"
            ),
            (
                "a version after which there is none", ["version"], .integer(.max),
                "version: expected a number from 1 to \(Int64.max - 1)"
            ),
            (
                "a text for a version", ["version"], "5",
                "version: expected a number, found a string"
            ),
        ].map { (what: String, path: [String], value: JSONValue?, problem: String) in
            Row("\(role) with \(what)", malformed(role, problem)) {
                try $0.publish(role) { $0.editing(path[0], to: value) }
            }
        }
    }

    static let shapes: [Row] = [
        Row("a timestamp that names nothing", malformed(.timestamp, onlySnapshot)) {
            try $0.publish(.timestamp) { $0.setting("meta", to: [:]) }
        },
        Row("a timestamp that names something else as well", malformed(.timestamp, onlySnapshot)) {
            try $0.publish(.timestamp) { $0.editing("meta", "x.json", to: ["version": 1]) }
        },
        Row(
            "a timestamp that names something else",
            malformed(.timestamp, "meta.snapshot.json: expected an object, found nothing")
        ) { try $0.publish(.timestamp) { $0.setting("meta", to: ["x.json": ["version": 1]]) } },
        Row(
            "hashes among which no known one is",
            malformed(
                .timestamp, "meta.snapshot.json.hashes.sha256: expected a string, found nothing")
        ) {
            try $0.publish(.timestamp) { $0.editing("meta", "snapshot.json", "hashes", to: [:]) }
        },
        Row(
            "a hash that is cut",
            malformed(
                .timestamp,
                "meta.snapshot.json.hashes.sha256: expected 64 lower-case hexadecimal digits")
        ) {
            try $0.publish(.timestamp) {
                $0.editing("meta", "snapshot.json", "hashes", to: ["sha256": "00ff"])
            }
        },
        Row(
            "a negative length",
            malformed(
                .snapshot,
                "meta.targets.json.length: expected a number from 1 to \(Int64.max)")
        ) {
            try $0.publish(.snapshot) { $0.editing("meta", "targets.json", "length", to: -1) }
        },
        Row(
            "a list of targets that is none",
            malformed(.targets, "targets: expected an object, found an array")
        ) {
            try $0.publish(.targets) { $0.setting("targets", to: []) }
        },
        Row(
            "a target that is none",
            malformed(.targets, "targets.a: expected an object, found null")
        ) {
            try $0.publish(.targets) { $0.setting("targets", to: ["a": .null]) }
        },
    ]

    static let onlySnapshot = "meta: expected snapshot.json and nothing else"

    static let table: [Row] =
        forgeries + miscounts + rollbacks + mixtures + freezes + amounts + contents + shapes

    @Test(arguments: table)
    func isRefusedByADeviceThatHasAHistory(row: Row) throws {
        let good = try FakeRepository.aged()
        var client = Client(new: good)
        let before = try client.refresh(from: good)
        let storedTargets = client.stored.targets
        var bad = good
        try row.attack(&bad)
        #expect(throws: row.error) { try client.refresh(from: bad) }
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

    @Test(arguments: table.filter(\.needsNoHistory))
    func isRefusedByANewDevice(row: Row) throws {
        let good = try FakeRepository.aged()
        var bad = good
        try row.attack(&bad)
        var client = Client(new: good)
        #expect(throws: row.error) { try client.refresh(from: bad) }
        #expect(client.stored.targets == nil)
    }

    @Test(arguments: table)
    func leavesTheTrustedSetAsItWas(row: Row) throws {
        let good = try FakeRepository.aged()
        let stored = try good.stored()
        var bad = good
        try row.attack(&bad)
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
        #expect(throws: TrustError.rollback(.targets, offered: 0, trusted: 7)) {
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

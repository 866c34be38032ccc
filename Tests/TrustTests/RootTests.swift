import JSON
import Model
import OpenSSL
import Testing
import Trust

/// The chain of roots: TUF 1.0.34 section 5.3.
@Suite struct RootTests {
    // MARK: - Rotation

    @Test func followsEveryRootInTurnAndStoresEach() throws {
        var repository = try FakeRepository()
        let old = Client(new: repository)
        try repository.rotate(.root, to: [key(11), key(12)], threshold: 2)
        try repository.rotate(.root, to: [key(13)], threshold: 1)
        try repository.rotate(.targets, to: [key(14)], threshold: 1)
        try repository.publish(.targets)
        var client = old
        let set = try client.refresh(from: repository)
        #expect(
            client.log == [
                "fetch 2.root.json", "store root", "fetch 3.root.json", "store root",
                "fetch 4.root.json", "store root", "fetch 5.root.json",
                "fetch timestamp.json", "store timestamp", "fetch 2.snapshot.json",
                "store snapshot", "fetch 2.targets.json", "store targets",
            ])
        #expect(set.root.version == 4)
    }

    @Test func goesOnFromTheLastRootThatItStored() throws {
        var repository = try FakeRepository()
        var client = Client(new: repository)
        try repository.publish(.root)
        try client.refresh(from: repository)
        try repository.publish(.root)
        try client.refresh(from: repository)
        #expect(client.fetches.first == "3.root.json")
    }

    @Test func doesNotMindAnExpiredRootOnTheWay() throws {
        var repository = try FakeRepository()
        try repository.publish(.root) { $0.editing("expires", to: .string("\(at(1))")) }
        try repository.publish(.root)
        var client = Client(new: repository)
        #expect(try client.refresh(from: repository).root.version == 3)
    }

    @Test func storesAnExpiredRootAndNothingElse() throws {
        var repository = try FakeRepository()
        try repository.publish(.root) { $0.editing("expires", to: .string("\(at(999))")) }
        var client = Client(new: repository)
        #expect(throws: TrustError.expired(.root, at: at(999))) {
            try client.refresh(from: repository)
        }
        #expect(client.log == ["fetch 2.root.json", "store root", "fetch 3.root.json"])
    }

    @Test func followsNoMoreRootsThanItsLimit() throws {
        var repository = try FakeRepository()
        for _ in 0..<(Limits.tests.rootRotations + 2) { try repository.publish(.root) }
        var client = Client(new: repository)
        #expect(
            try client.refresh(from: repository).root.version
                == Int64(Limits.tests.rootRotations) + 1)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let error: TrustError
        let attack: @Sendable (inout FakeRepository) throws -> Void

        init(
            _ sentence: String, _ error: TrustError,
            _ attack: @escaping @Sendable (inout FakeRepository) throws -> Void
        ) {
            testDescription = sentence
            self.error = error
            self.attack = attack
        }
    }

    static func unsigned(valid: Int) -> TrustError {
        .tooFewSignatures(.root, valid: valid, threshold: 2)
    }

    static let attacks: [Row] = [
        Row("an unsigned root", unsigned(valid: 0)) { try $0.publish(.root, signers: []) },
        Row("a root with too few signatures", unsigned(valid: 1)) {
            try $0.publish(.root, signers: [key(1), key(99)])
        },
        Row("a root that only its own keys signed", unsigned(valid: 0)) {
            try $0.rotate(
                .root, to: [key(11), key(12)], threshold: 2, signers: [key(11), key(12)])
        },
        Row("a root that too few of the old keys signed", unsigned(valid: 1)) {
            try $0.rotate(
                .root, to: [key(1), key(12), key(13)], threshold: 2,
                signers: [key(1), key(12), key(13)])
        },
        Row("a root that only the old keys signed", unsigned(valid: 0)) {
            try $0.rotate(.root, to: [key(11), key(12)], threshold: 2, signers: [key(1), key(2)])
        },
        Row("a root that too few of its own keys signed", unsigned(valid: 1)) {
            try $0.rotate(
                .root, to: [key(11), key(12)], threshold: 2, signers: [key(1), key(2), key(11)])
        },
        Row("a skipped version", .wrongVersion(.root, offered: 3, expected: 2)) {
            try $0.publish(.root) { $0.setting("version", to: 3) }
        },
        Row("the trusted root again", .wrongVersion(.root, offered: 1, expected: 2)) {
            $0.files["2.root.json"] = $0.files["1.root.json"]
        },
    ]

    @Test(arguments: attacks)
    func refuses(row: Row) throws {
        let good = try FakeRepository.aged()
        var bad = good
        try row.attack(&bad)
        var client = Client(new: good)
        try client.refresh(from: good)
        let kept = client.stored
        #expect(throws: row.error) { try client.refresh(from: bad) }
        #expect(client.stored == kept)
        #expect(throws: Never.self) { try client.refresh(from: good) }
    }

    @Test(arguments: attacks.prefix(2))
    func refusesAsItsBeginning(row: Row) throws {
        var repository = try FakeRepository()
        try row.attack(&repository)
        var client = Client(new: repository)
        client.stored.root = repository.files["2.root.json"] ?? []
        #expect(throws: row.error) { try client.refresh(from: repository) }
    }

    @Test func refusesABeginningThatIsTooLong() throws {
        let repository = try FakeRepository()
        var client = Client(new: repository)
        client.stored.root += Array(repeating: 0x20, count: Limits.tests.rootBytes)
        #expect(throws: TrustError.tooLong(.root, limitBytes: Limits.tests.rootBytes)) {
            try client.refresh(from: repository)
        }
    }

    // MARK: - Recovery from a fast-forward attack (TUF 5.3.11)

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

    @Test func aRotatedTargetsKeyNoLongerSigns() throws {
        var repository = try FakeRepository()
        try repository.rotate(.targets, to: [key(15)], threshold: 1)
        try repository.publish(.targets, signers: [key(5), key(6)])
        var client = Client(new: repository)
        #expect(throws: TrustError.tooFewSignatures(.targets, valid: 0, threshold: 1)) {
            try client.refresh(from: repository)
        }
    }

    // MARK: - Keys

    static func malformed(_ problem: String) -> TrustError { .malformed(.root, problem: problem) }

    static func keyIDText(_ number: UInt8) -> String {
        (try? key(number).keyID.text) ?? "no such key"
    }

    /// The name of a key object, computed like every other.
    static func keyID(of object: JSONValue) -> String {
        KeyID(hashing.sha256(object.canonicalBytes)).text
    }

    static let smallOrder: JSONValue = [
        "keytype": "ed25519", "scheme": "ed25519",
        "keyval": ["public": .string("01" + String(repeating: "0", count: 62))],
    ]

    static let hostileKeys: [Row] = [
        Row(
            "a key named by something else than its hash",
            malformed(
                "keys: expected keys named by their SHA-256, but \"\(keyIDText(98))\" is not")
        ) {
            try $0.publish(.root) {
                try $0.editing("keys", keyIDText(98), to: FakeRepository.keyObject(key(99)))
            }
        },
        Row(
            "a key of small order",
            malformed(
                "keys.\(keyID(of: smallOrder)).keyval: expected an Ed25519 public key that is not"
                    + " of small order")
        ) { try $0.publish(.root) { $0.editing("keys", keyID(of: smallOrder), to: smallOrder) } },
        Row(
            "a threshold of 0",
            malformed("roles.timestamp.threshold: expected a number from 1 to 1000")
        ) { try $0.publish(.root) { $0.editing("roles", "timestamp", "threshold", to: 0) } },
        Row(
            "a negative threshold",
            malformed("roles.targets.threshold: expected a number from 1 to 1000")
        ) { try $0.publish(.root) { $0.editing("roles", "targets", "threshold", to: -1) } },
        Row(
            "a threshold of 0 for offers",
            malformed("x-slipway-offer.threshold: expected a number from 1 to 1000")
        ) { try $0.publish(.root) { $0.editing("x-slipway-offer", "threshold", to: 0) } },
        Row(
            "a key id twice in one role",
            malformed("roles.timestamp.keyids[1]: expected key ids, each once")
        ) {
            let id = JSONValue.string(keyIDText(3))
            try $0.publish(.root) { $0.editing("roles", "timestamp", "keyids", to: [id, id]) }
        },
        Row(
            "a key id that is none",
            malformed("roles.timestamp.keyids[0]: expected key ids, each once")
        ) { try $0.publish(.root) { $0.editing("roles", "timestamp", "keyids", to: ["00"]) } },
        Row(
            "no snapshot role", malformed("roles.snapshot: expected an object, found nothing")
        ) { try $0.publish(.root) { $0.editing("roles", "snapshot", to: nil) } },
    ]

    @Test(arguments: hostileKeys)
    func refusesARootWith(row: Row) throws {
        var repository = try FakeRepository()
        var client = Client(new: repository)
        try row.attack(&repository)
        #expect(throws: row.error) { try client.refresh(from: repository) }
    }

    /// One key under two names is one signer, however the threshold is met (TAP 12).
    @Test func countsKeysByTheirMaterialAndNotByTheirNames() throws {
        var repository = try FakeRepository()
        let alias = try JSONFields(FakeRepository.keyObject(key(3))).members.setting("x", to: 1)
        let aliasID = Self.keyID(of: .object(alias))
        try repository.publish(.root) {
            $0.editing("keys", aliasID, to: .object(alias)).editing(
                "roles", "timestamp",
                to: ["keyids": [.string(Self.keyIDText(3)), .string(aliasID)], "threshold": 2])
        }
        try repository.publishChanged(.timestamp) { bytes in
            let envelope = try FakeRepository.envelope(bytes)
            let signature = try #require(envelope.signatures.first)
            return SignedEnvelope(
                signed: try JSONFields(envelope.signed).members,
                signatures: [signature, .init(keyID: aliasID, bytes: signature.bytes)]
            ).bytes
        }
        var client = Client(new: repository)
        #expect(throws: TrustError.tooFewSignatures(.timestamp, valid: 1, threshold: 2)) {
            try client.refresh(from: repository)
        }
    }

    static let unknownKeys: [JSONValue] = [
        ["keytype": "rsa", "scheme": "rsassa-pss-sha512", "keyval": ["public": "-----BEGIN"]],
        ["keytype": "rsa", "scheme": "ed25519", "keyval": ["public": "00"]],
        ["keytype": "ed25519", "scheme": "rsassa-pss-sha256", "keyval": ["public": "00"]],
        ["keytype": "ed25519", "scheme": "ed25519ph", "keyval": ["public": "00"]],
        ["keytype": "x-future", "scheme": "x", "keyval": ["tree": ["a", "b"]]],
    ]

    @Test(arguments: unknownKeys)
    func toleratesAKeyOfAnUnknownTypeButNeverCountsIt(object: JSONValue) throws {
        let unknownID = Self.keyID(of: object)
        for threshold in 1...2 {
            var repository = try FakeRepository()
            try repository.publish(.root) {
                $0.editing("keys", unknownID, to: object).editing(
                    "roles", "timestamp",
                    to: [
                        "keyids": [.string(Self.keyIDText(3)), .string(unknownID)],
                        "threshold": .integer(Int64(threshold)),
                    ])
            }
            try repository.publishChanged(.timestamp) { bytes in
                let envelope = try FakeRepository.envelope(bytes)
                return SignedEnvelope(
                    signed: try JSONFields(envelope.signed).members,
                    signatures: envelope.signatures + [.init(keyID: unknownID, bytes: [1])]
                ).bytes
            }
            var client = Client(new: repository)
            if threshold == 1 {
                #expect(throws: Never.self) { try client.refresh(from: repository) }
            } else {
                #expect(throws: TrustError.tooFewSignatures(.timestamp, valid: 1, threshold: 2)) {
                    try client.refresh(from: repository)
                }
            }
        }
    }

    /// Such a role can simply never be signed; the rest of the root is as good as ever.
    @Test func toleratesAThresholdThatCannotBeMet() throws {
        var repository = try FakeRepository()
        var client = Client(new: repository)
        try repository.publish(.root) { $0.editing("roles", "snapshot", "threshold", to: 2) }
        #expect(throws: TrustError.tooFewSignatures(.snapshot, valid: 1, threshold: 2)) {
            try client.refresh(from: repository)
        }
        #expect(client.stored.root == repository.files["2.root.json"])
    }

    @Test func toleratesAKeyIDWithoutItsKey() throws {
        var repository = try FakeRepository()
        try repository.publish(.root) {
            $0.editing(
                "roles", "timestamp", "keyids",
                to: [.string(Self.keyIDText(98)), .string(Self.keyIDText(3))])
        }
        var client = Client(new: repository)
        let set = try client.refresh(from: repository)
        #expect(set.root.timestamp.keys == [try key(3).keyID: try key(3).publicKey])
    }

    // MARK: - The offer key

    private func root(of repository: FakeRepository) throws -> Root {
        try TrustedSet(
            root: repository.bytes(of: .root), now: now, cryptography: cryptography,
            limits: .tests
        ).root
    }

    @Test func readsWhoSignsOffers() throws {
        let role = try #require(try root(of: FakeRepository()).offer)
        #expect(role.name == .offer)
        #expect(role.keys == [try key(7).keyID: try key(7).publicKey])
        let payload: [UInt8] = [1, 2, 3]
        let signature = try key(7).sign(payload)
        #expect(
            try role.verify(
                payload, signatures: [key(7).keyID: signature], by: cryptography.checker
            ).payload == payload)
        #expect(throws: TrustError.tooFewSignatures(.offer, valid: 0, threshold: 1)) {
            try role.verify(
                [1, 2, 4], signatures: [key(7).keyID: signature], by: cryptography.checker)
        }
        #expect(throws: TrustError.tooFewSignatures(.offer, valid: 0, threshold: 1)) {
            try role.verify(
                payload, signatures: [key(3).keyID: key(3).sign(payload)],
                by: cryptography.checker)
        }
    }

    @Test func hasNoOfferRoleWhereRootNamesNone() throws {
        var repository = try FakeRepository()
        try repository.publish(.root) { $0.editing("x-slipway-offer", to: nil) }
        #expect(try root(of: repository).offer == nil)
    }
}

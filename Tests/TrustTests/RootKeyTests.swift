import JSON
import Model
import OpenSSL
import Testing
import Trust

/// The keys that a root names, and who they are.
@Suite struct RootKeyTests {
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

    @Test func aRotatedTargetsKeyNoLongerSigns() throws {
        var repository = try FakeRepository()
        try repository.rotate(.targets, to: [key(15)], threshold: 1)
        try repository.publish(.targets, signers: [key(5), key(6)])
        var client = Client(new: repository)
        #expect(throws: TrustError.tooFewSignatures(.targets, valid: 0, threshold: 1)) {
            try client.refresh(from: repository)
        }
    }

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

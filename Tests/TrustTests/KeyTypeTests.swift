import JSON
import Model
import OpenSSL
import Testing
import Trust

/// Keys of every type that metadata may name, sound and unsound (TUF 1.0.34 section 4.2).
@Suite struct KeyTypeTests {
    static func object(_ type: String, _ scheme: String, _ text: String) -> JSONValue {
        [
            "keytype": .string(type), "scheme": .string(scheme),
            "keyval": ["public": .string(text)],
        ]
    }

    static func keyID(_ object: JSONValue) -> String {
        KeyID(hashing.sha256(object.canonicalBytes)).text
    }

    /// A repository in which `objects` sign the targets; its targets are still those of version 1.
    private func repository(
        _ objects: [JSONValue], threshold: Int64 = 1, signatures: [String]
    ) throws -> FakeRepository {
        var repository = try FakeRepository()
        try repository.publish(.root) { root in
            let named = objects.reduce(root) { $0.editing("keys", Self.keyID($1), to: $1) }
            return named.editing(
                "roles", "targets",
                to: [
                    "keyids": .array(objects.map { .string(Self.keyID($0)) }),
                    "threshold": .integer(threshold),
                ])
        }
        repository.listing = .nothing
        try repository.publish(.snapshot)
        let envelope = try FakeRepository.envelope(repository.bytes(of: .targets))
        repository.files["1.targets.json"] =
            SignedEnvelope(
                signed: try JSONFields(envelope.signed).members,
                signatures: try zip(objects, signatures).map { object, signature in
                    .init(keyID: Self.keyID(object), bytes: try #require(Hex.decode(signature)))
                }
            ).bytes
        return repository
    }

    private func refusal(
        _ objects: [JSONValue], threshold: Int64 = 1, signatures: [String]
    ) throws -> Refusal? {
        let repository = try repository(objects, threshold: threshold, signatures: signatures)
        var client = Client(new: repository)
        return TrustTests.refusal { try client.refresh(from: repository) }
    }

    static func ed25519Signature() throws -> String {
        let targets = try FakeRepository().bytes(of: .targets)
        return Hex.encode(try key(40).sign(FakeRepository.envelope(targets).payload))
    }

    static let rsa = object("rsa", "rsassa-pss-sha256", KeyFixture.rsa2048)
    static let ecdsa = object("ecdsa", "ecdsa-sha2-nistp256", KeyFixture.p256)
    static let compressed = object("ecdsa", "ecdsa-sha2-nistp256", KeyFixture.p256Compressed)

    // MARK: - Sound keys

    @Test(
        arguments: [
            (rsa, KeyFixture.rsaPSS), (ecdsa, KeyFixture.ecdsa), (compressed, KeyFixture.ecdsa),
            // The key type's older name.
            (
                object("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", KeyFixture.p256),
                KeyFixture.ecdsa
            ),
        ] as [(JSONValue, String)])
    func counts(object: JSONValue, signature: String) throws {
        #expect(try refusal([object], signatures: [signature]) == nil)
        let damaged = String(signature.dropLast(2)) + (signature.hasSuffix("00") ? "01" : "00")
        for bad in ["", "00", damaged, KeyFixture.rsaPKCS1] {
            #expect(try refusal([object], signatures: [bad]) == Self.unsigned(0, of: 1))
        }
    }

    static func unsigned(_ valid: Int, of threshold: Int) -> Refusal {
        .because(.tooFewSignatures(.targets, valid: valid, threshold: threshold))
    }

    @Test func countsKeysOfDifferentTypesTogether() throws {
        let ed25519 = FakeRepository.keyObject(try key(40))
        let all = [KeyFixture.rsaPSS, KeyFixture.ecdsa, try Self.ed25519Signature()]
        let objects = [Self.rsa, Self.ecdsa, ed25519]
        #expect(try refusal(objects, threshold: 3, signatures: all) == nil)
        for spoiled in all.indices {
            var signatures = all
            signatures[spoiled] = "00"
            #expect(
                try refusal(objects, threshold: 3, signatures: signatures)
                    == Self.unsigned(2, of: 3))
        }
    }

    /// A P-256 signer of ours takes part, too.
    @Test func countsASignatureByOurOwnP256Key() throws {
        let signer = try PEMPrivateKey.read(
            Array(KeyFixture.p256Private.utf8), passphrase: nil)
        let targets = try RepositoryWriter(cryptography: cryptography)
            .emptyTargets(expires: later, signers: [signer])
        let signature = try #require(try FakeRepository.envelope(targets).signatures.first)
        #expect(signature.keyID == Self.keyID(Self.ecdsa))
        #expect(
            try refusal([Self.ecdsa], signatures: [Hex.encode(signature.bytes)]) == nil)
    }

    // MARK: - One key under several names

    /// The same key in other words has another name, but is not another signer.
    @Test(
        arguments: [
            [ecdsa, compressed],
            [ecdsa, object("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", KeyFixture.p256)],
            [
                ecdsa,
                object(
                    "ecdsa", "ecdsa-sha2-nistp256",
                    KeyFixture.p256.replacing("\n", with: "\r\n")),
            ],
            [rsa, object("rsa", "rsassa-pss-sha256", KeyFixture.rsa2048 + "\n")],
        ])
    func countsAKeyOnceHoweverItIsWritten(objects: [JSONValue]) throws {
        let good = objects[0] == Self.rsa ? KeyFixture.rsaPSS : KeyFixture.ecdsa
        #expect(
            try refusal(objects, threshold: 2, signatures: [good, good]) == Self.unsigned(1, of: 2))
        #expect(try refusal(objects, threshold: 1, signatures: ["00", good]) == nil)
        #expect(try refusal(objects, threshold: 1, signatures: [good, "00"]) == nil)
    }

    /// In a delegation as in root (tough CVE-2026-6966).
    @Test func countsADelegatesKeyOnceUnderTwoNames() throws {
        let alias = try JSONFields(FakeRepository.keyObject(key(40))).members.setting("x", to: 1)
        let aliasID = Self.keyID(.object(alias))
        var repository = try FakeRepository()
        let ids: JSONValue = [.string(try key(40).keyID.text), .string(aliasID)]
        var role = try FakeDelegation(name: "r", keys: [40], threshold: 2).json()
        role = role.setting("keyids", to: ids)
        try repository.write(
            .targets,
            delegations: JSONObject([
                ("keys", .object(try keyObjects([40]).setting(aliasID, to: .object(alias)))),
                ("roles", [.object(role)]),
            ]))
        try repository.write(delegated("r"), listing: ["a"], keys: [40])
        try repository.publish(
            delegated("r"),
            wrap: { bytes in
                let envelope = try FakeRepository.envelope(bytes)
                let one = try #require(envelope.signatures.first)
                return SignedEnvelope(
                    signed: try JSONFields(envelope.signed).members,
                    signatures: [one, .init(keyID: aliasID, bytes: one.bytes)]
                ).bytes
            })
        var client = Client(new: repository)
        #expect(
            TrustTests.refusal { try client.find("a", in: repository) }
                == .because(.tooFewSignatures(try delegated("r"), valid: 1, threshold: 2)))
    }

    // MARK: - Keys that do not count

    /// Type and scheme do not belong together: nobody knows how such a key signs.
    @Test(
        arguments: [
            (object("ecdsa", "rsassa-pss-sha256", KeyFixture.rsa2048), KeyFixture.rsaPSS),
            (object("ed25519", "rsassa-pss-sha256", KeyFixture.rsa2048), KeyFixture.rsaPSS),
            (object("rsa", "ecdsa-sha2-nistp256", KeyFixture.p256), KeyFixture.ecdsa),
            (object("RSA", "rsassa-pss-sha256", KeyFixture.rsa2048), KeyFixture.rsaPSS),
            (object("rsa", "rsassa-pss-sha512", KeyFixture.rsa2048), KeyFixture.rsaPSS),
            (object("rsa", "rsa-pkcs1v15-sha256", KeyFixture.rsa2048), KeyFixture.rsaPKCS1),
            (object("ecdsa", "ecdsa-sha2-nistp384", KeyFixture.p384), KeyFixture.ecdsa),
            (object("ecdsa", "ed25519", KeyFixture.ed25519), KeyFixture.ecdsa),
            (object("", "", ""), ""),
        ] as [(JSONValue, String)])
    func neverCounts(object: JSONValue, signature: String) throws {
        #expect(
            try refusal([object], signatures: [signature]) == Self.unsigned(0, of: 1))
    }

    static let unsound: [(JSONValue, String)] =
        [KeyFixture.rsa1024, KeyFixture.p256, KeyFixture.ed25519, "", "junk", "00"].map {
            (
                object("rsa", "rsassa-pss-sha256", $0),
                "an RSA public key of 2048 to 8192 bits in PEM form"
            )
        }
        + [KeyFixture.p384, KeyFixture.rsa2048, KeyFixture.p256Private, "junk", ""].map {
            (object("ecdsa", "ecdsa-sha2-nistp256", $0), "a P-256 public key in PEM form")
        }
        + [
            KeyFixture.ed25519, "", "00", String(repeating: "zz", count: 32), goodHex.uppercased(),
            goodHex + "00",
        ].map { (object("ed25519", "ed25519", $0), soundEd25519) }

    static let soundEd25519 = "an Ed25519 public key that is not of small order"
    /// RFC 8032 section 7.1, test 1.
    static let goodHex = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

    @Test(arguments: unsound)
    func isRefusedWithItsRoot(object: JSONValue, expected: String) throws {
        let path = "keys.\(Self.keyID(object)).keyval"
        #expect(
            try refusal([object], signatures: [])
                == .because(.malformed(.root, problem: "\(path): expected \(expected)")))
    }

    @Test func isRefusedWhenItIsTooLong() throws {
        let object = Self.object(
            "rsa", "rsassa-pss-sha256", KeyFixture.rsa2048 + String(repeating: "\n", count: 4096))
        let path = "keys.\(Self.keyID(object)).public"
        #expect(
            try refusal([object], signatures: [])
                == .because(
                    .malformed(
                        .root,
                        problem: path.replacing(".public", with: ".keyval.public")
                            + ": expected a string of at most 4096 bytes")))
    }

    // MARK: - Keys of small order

    static let smallOrder = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]

    private func problem(_ path: String) -> String {
        "\(path)expected \(Self.soundEd25519)"
    }

    @Test(arguments: smallOrder, [false, true])
    func smallOrderIsRefusedInRootAndInDelegations(hex: String, hasSign: Bool) throws {
        var bytes = try #require(Hex.decode(hex))
        if hasSign { bytes[31] |= 0x80 }
        let object = Self.object("ed25519", "ed25519", Hex.encode(bytes))
        let problem = problem("keys.\(Self.keyID(object)).keyval: ")
        #expect(
            try refusal([object], signatures: []) == .because(.malformed(.root, problem: problem)))
        var repository = try FakeRepository()
        try repository.write(
            .targets,
            delegations: JSONObject([
                ("keys", .object(JSONObject([(Self.keyID(object), object)]))), ("roles", []),
            ]))
        var client = Client(new: repository)
        #expect(
            TrustTests.refusal { try client.refresh(from: repository) }
                == .because(.malformed(.targets, problem: problem)))
    }

    // MARK: - Writing

    @Test func aKeyIsNamedByItsCanonicalForm() throws {
        let checker = OpenSSLSignatureChecker()
        let key = try #require(
            PublicKey(KeyFixture.p256, scheme: .ecdsaP256, checker: checker))
        #expect(key.keyID(hashing: hashing).text == Self.keyID(Self.ecdsa))
        #expect(key.text == KeyFixture.p256 && key.pem == KeyFixture.p256)
        let rsa = try #require(
            PublicKey(KeyFixture.rsa2048, scheme: .rsaPSS, checker: checker))
        #expect(rsa.keyID(hashing: hashing).text == Self.keyID(Self.rsa))
        #expect(rsa.text == KeyFixture.rsa2048)
        let ed25519 = try TrustTests.key(40).publicKey
        #expect(ed25519.text == (try TrustTests.key(40).ed25519PublicKey.hex))
        #expect(
            checker.publicKey(pem: Array(ed25519.pem.utf8), scheme: .ed25519)
                == ed25519)
    }
}

import JSON
import Model
import OpenSSL
import Testing
import Trust

/// What the next root says, and who may be named in it.
@Suite struct RootDraftTests {
    private let writer = RepositoryWriter(cryptography: cryptography)

    private func signers(_ keys: [UInt8], threshold: Int = 1) throws -> RoleSigners {
        try RoleSigners(keys: keys.map { try key($0).publicKey }, threshold: threshold)
    }

    private func root(_ fake: FakeRepository) throws -> Root {
        try TrustedSet(
            root: fake.bytes(of: .root), now: now, cryptography: cryptography, limits: .tests
        ).root
    }

    private func document(_ draft: RootDraft) -> JSONObject {
        draft.staged(hashing: hashing).document
    }

    @Test func changesWhatItMeansToAndNoMore() throws {
        var fake = try FakeRepository()
        try fake.publish(.root) {
            $0.setting("x-new", to: [1, "é"]).setting("consistent_snapshot", to: false)
        }
        let root = try root(fake)
        var draft = RootDraft(following: root)
        #expect(draft.version == 3)
        #expect(draft.expires == later)
        let before = try JSONFields(FakeRepository.envelope(fake.bytes(of: .root)).signed).members
        #expect(document(draft) == before.setting("version", to: 3))
        draft.expires = at(9000)
        draft.set(.timestamp, try signers([3]))
        #expect(
            document(draft)
                == before.setting("version", to: 3).setting("expires", to: .string("\(at(9000))")))
    }

    @Test(arguments: RoleName.ofRoot)
    func givesARoleOtherSigners(role: RoleName) throws {
        let fake = try FakeRepository()
        var draft = RootDraft(following: try root(fake))
        draft.set(role, try signers([60, 61], threshold: 2))
        let bytes = try writer.root(draft, signers: [1, 2, 60, 61].map(key))
        var set = try TrustedSet(
            root: fake.bytes(of: .root), now: now, cryptography: cryptography, limits: .tests)
        let isOnline = [RoleName.timestamp, .snapshot].contains(role)
        #expect(try set.adoptRoot(bytes) == isOnline)
        #expect(
            Set(set.root.role(role).keys.values) == Set(try [60, 61].map { try key($0).publicKey }))
        #expect(set.root.role(role).threshold == 2)
        for other in RoleName.ofRoot where other != role {
            #expect(set.root.role(other) == (try root(fake).role(other)))
        }
    }

    @Test func leavesOutKeysThatNoRoleUses() throws {
        let fake = try FakeRepository()
        var draft = RootDraft(following: try root(fake))
        draft.set(.timestamp, try signers([33]))
        draft.set(.snapshot, try signers([33]))
        let keys = try JSONFields(.object(document(draft))).object("keys").members
        let expected = try [1, 2, 5, 6, 7, 33].map { try key($0).keyID.text }
        #expect(Set(keys.members.map(\.key.text)) == Set(expected))
    }

    /// A key that is still used elsewhere stays; so does one of a kind that nobody here knows.
    @Test func keepsKeysThatARoleUses() throws {
        var fake = try FakeRepository()
        let future: JSONValue = ["keytype": "x", "scheme": "x", "keyval": ["public": "x"]]
        let futureID = KeyID(hashing.sha256(future.canonicalBytes)).text
        try fake.publish(.root) {
            try $0.editing("keys", futureID, to: future).editing(
                "roles", "targets", "keyids",
                to: [
                    .string(key(5).keyID.text), .string(key(6).keyID.text), .string(futureID),
                ])
        }
        var draft = RootDraft(following: try root(fake))
        draft.set(.timestamp, try signers([5]))
        let keys = try JSONFields(.object(document(draft))).object("keys").members
        #expect(keys[futureID] == future)
        #expect(keys[try key(5).keyID.text] != nil)
        #expect(keys[try key(3).keyID.text] == nil)
    }

    @Test func addsAnOfferRoleWhereThereWasNone() throws {
        var fake = try FakeRepository()
        try fake.publish(.root) { $0.editing("x-slipway-offer", to: nil) }
        let root = try root(fake)
        #expect(document(RootDraft(following: root))["x-slipway-offer"] == nil)
        var draft = RootDraft(following: root)
        draft.set(.offer, try signers([7]))
        #expect(document(draft)["x-slipway-offer"] != nil)
    }

    @Test func namesKeysOfEveryType() throws {
        let checker = OpenSSLSignatureChecker()
        let keys = [
            try key(40).publicKey,
            try #require(PublicKey(KeyFixture.p256, scheme: .ecdsaP256, checker: checker)),
            try #require(PublicKey(KeyFixture.rsa2048, scheme: .rsaPSS, checker: checker)),
        ]
        let fake = try FakeRepository()
        var draft = RootDraft(following: try root(fake))
        draft.set(.targets, try RoleSigners(keys: keys, threshold: 3))
        let bytes = try writer.root(draft, signers: [1, 2].map(key))
        let set = try TrustedSet(
            root: bytes, now: now, cryptography: cryptography, limits: .tests)
        #expect(Set(set.root.targets.keys.values) == Set(keys))
    }

    @Test func namesNoDelegatedRole() async {
        await #expect(processExitsWith: .failure) {
            var draft = RootDraft(expires: later, roles: [:])
            draft.set(
                try delegated("x"), try RoleSigners(keys: [key(1).publicKey], threshold: 1))
        }
    }

    // MARK: - Signers

    @Test func nobodySignsTwice() throws {
        #expect(throws: RoleSigners.Invalid.sameKeyTwice) { try signers([1, 2, 1]) }
        #expect("\(RoleSigners.Invalid.sameKeyTwice)".contains("name each key once"))
        // However the key is written.
        let checker = OpenSSLSignatureChecker()
        let two = try [KeyFixture.p256, KeyFixture.p256Compressed].map {
            try #require(PublicKey($0, scheme: .ecdsaP256, checker: checker))
        }
        #expect(throws: RoleSigners.Invalid.sameKeyTwice) {
            try RoleSigners(keys: two, threshold: 2)
        }
    }

    @Test(arguments: [.min, -1, 0, 3, .max])
    func aThresholdCanBeMet(threshold: Int) throws {
        #expect(throws: RoleSigners.Invalid.threshold(threshold, keys: 2)) {
            try signers([1, 2], threshold: threshold)
        }
        let text = "\(RoleSigners.Invalid.threshold(threshold, keys: 2))"
        #expect(text.hasPrefix("\(threshold) of 2 keys cannot sign"))
    }

    @Test func nobodyIsNotEnough() {
        #expect(throws: RoleSigners.Invalid.threshold(1, keys: 0)) {
            try RoleSigners(keys: [], threshold: 1)
        }
        #expect(throws: RoleSigners.Invalid.threshold(0, keys: 0)) {
            try RoleSigners(keys: [], threshold: 0)
        }
    }
}

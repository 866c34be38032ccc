import JSON
import Model
import OpenSSL
import Testing
import Trust

/// Metadata on its way from key to key.
@Suite struct StagedMetadataTests {
    private let checker = OpenSSLSignatureChecker()

    private func targetsRole() throws -> Role {
        try TrustedSet(
            root: FakeRepository().bytes(of: .root), now: now, cryptography: cryptography,
            limits: .tests
        ).root.targets
    }

    private func staged(signedBy signers: [UInt8] = []) throws -> StagedMetadata {
        let bytes = try RepositoryWriter(cryptography: cryptography)
            .emptyTargets(expires: later, signers: signers.map(key))
        return try StagedMetadata(parsing: bytes, of: .targets, limits: .tests)
    }

    @Test func travelsAsTheFileThatItWillBe() throws {
        let bytes = try FakeRepository().bytes(of: .targets)
        let staged = try StagedMetadata(parsing: bytes, of: .targets, limits: .tests)
        #expect(staged.bytes == bytes)
        #expect(staged.version == 1)
        #expect(staged.expires == later)
        #expect(staged.payload == (try FakeRepository.envelope(bytes).payload))
        #expect(Set(staged.signatures.keys) == Set(try [5, 6].map { try key($0).keyID }))
    }

    @Test func collectsSignaturesOneByOne() throws {
        let role = try targetsRole()
        var staged = try staged()
        #expect(staged.progress(for: [role], checker: checker).map(\.missing) == [2])
        try staged.sign(with: key(6), for: [role], checker: checker)
        let half = try #require(staged.progress(for: [role], checker: checker).first)
        #expect(half.missing == 1 && half.threshold == 2)
        #expect(half.signed == [try key(6).keyID])
        #expect(half.waiting == [try key(5).keyID])
        try staged.sign(with: key(6), for: [role], checker: checker)
        #expect(staged.progress(for: [role], checker: checker).map(\.missing) == [1])
        try staged.sign(with: key(5), for: [role], checker: checker)
        #expect(staged.progress(for: [role], checker: checker).map(\.missing) == [0])
        #expect(staged.bytes == (try FakeRepository().bytes(of: .targets)))
    }

    @Test func takesASignatureThatWasMadeElsewhere() throws {
        let role = try targetsRole()
        var staged = try staged()
        let signature = try key(5).sign(staged.payload)
        try staged.add(signature, by: key(5).keyID, for: [role], checker: checker)
        #expect(staged.signatures == [try key(5).keyID: signature])
    }

    @Test func refusesASignatureOverSomethingElse() throws {
        let role = try targetsRole()
        var staged = try staged()
        let empty = staged
        let keyID = try key(5).keyID
        let signatures: [[UInt8]] = [
            try key(5).sign(staged.payload + [0x20]), try key(6).sign(staged.payload),
            try key(99).sign(staged.payload), [], Array(repeating: 0, count: 64),
        ]
        for signature in signatures {
            #expect(throws: SigningError.invalid(keyID)) {
                try staged.add(signature, by: keyID, for: [role], checker: checker)
            }
        }
        #expect(staged == empty)
    }

    @Test func refusesAKeyThatMayNotSign() throws {
        let role = try targetsRole()
        var staged = try staged()
        let stranger = try key(99)
        #expect(throws: SigningError.notAKey(of: .targets)) {
            try staged.sign(with: stranger, for: [role], checker: checker)
        }
        #expect(throws: SigningError.notAKey(of: .targets)) {
            try staged.add(
                stranger.sign(staged.payload), by: stranger.keyID, for: [role], checker: checker)
        }
        #expect(throws: SigningError.notAKey(of: .targets)) {
            try staged.sign(with: key(5), for: [], checker: checker)
        }
        #expect(staged.signatures.isEmpty)
    }

    /// A signer that says which key it is, and signs with another or not at all.
    private struct BrokenSigner: Signer {
        let publicKey: PublicKey
        let answer: [UInt8]
        func sign(_ message: [UInt8]) throws -> [UInt8] { answer }
    }

    @Test(arguments: [0, 1, 64])
    func catchesASignerThatSignsWrongly(count: Int) throws {
        let role = try targetsRole()
        var staged = try staged()
        let signer = BrokenSigner(
            publicKey: try key(5).publicKey, answer: Array(repeating: 1, count: count))
        let keyID = try key(5).keyID
        #expect(throws: SigningError.invalid(keyID)) {
            try staged.sign(with: signer, for: [role], checker: checker)
        }
        #expect(staged.signatures.isEmpty)
        #expect(throws: SigningError.invalid(keyID)) {
            try RepositoryWriter(cryptography: cryptography)
                .emptyTargets(expires: later, signers: [signer])
        }
    }

    // MARK: - What somebody else signed

    /// Signatures that came with the file are believed no more than any others.
    @Test func countsNoSignatureItCannotVerify() throws {
        let role = try targetsRole()
        let good = try FakeRepository.envelope(FakeRepository().bytes(of: .targets))
        let spoiled = SignedEnvelope(
            signed: try JSONFields(good.signed).members,
            signatures: good.signatures.map { .init(keyID: $0.keyID, bytes: [1]) })
        let staged = try StagedMetadata(parsing: spoiled.bytes, of: .targets, limits: .tests)
        let progress = try #require(staged.progress(for: [role], checker: checker).first)
        #expect(progress.missing == 2)
        #expect(progress.signed == [])
        #expect(progress.waiting.count == 2)
    }

    @Test func countsAStrangersSignatureForNobody() throws {
        let staged = try staged(signedBy: [98, 99])
        #expect(staged.signatures.count == 2)
        #expect(
            staged.progress(for: [try targetsRole()], checker: checker).map(\.missing) == [2])
    }

    /// Two names for one key are one signer, as for a client.
    @Test func countsAKeyOnceUnderTwoNames() throws {
        let alias = try JSONFields(FakeRepository.keyObject(key(3))).members.setting("x", to: 1)
        let aliasID = KeyID(hashing.sha256(JSONValue.object(alias).canonicalBytes))
        var repository = try FakeRepository()
        try repository.publish(.root) {
            try $0.editing("keys", aliasID.text, to: .object(alias)).editing(
                "roles", "targets",
                to: [
                    "keyids": [.string(key(3).keyID.text), .string(aliasID.text)],
                    "threshold": 2,
                ])
        }
        let root = try TrustedSet(
            root: repository.bytes(of: .root), now: now, cryptography: cryptography,
            limits: .tests
        ).root
        var staged = try staged()
        try staged.sign(with: key(3), for: [root.targets], checker: checker)
        #expect(Set(staged.signatures.keys) == [try key(3).keyID, aliasID])
        let progress = try #require(
            staged.progress(for: [root.targets], checker: checker).first)
        #expect(progress.missing == 1)
        #expect(progress.signed.count == 2 && progress.waiting == [])
    }

    // MARK: - Reading

    @Test(arguments: [RoleName.root, .timestamp, .snapshot, .targets])
    func isReadAsItsOwnRoleOnly(role: RoleName) throws {
        let repository = try FakeRepository()
        for other in RoleName.topLevel {
            let bytes = try repository.bytes(of: other)
            let result = refusal { try StagedMetadata(parsing: bytes, of: role, limits: .tests) }
            #expect((result == nil) == (role == other))
        }
    }

    @Test(arguments: [RoleName.root, .timestamp, .snapshot, .targets])
    func isReadUpToItsLimit(role: RoleName) throws {
        let bytes = try FakeRepository().bytes(of: role)
        let limitBytes = Limits.tests.bytes(of: role)
        let longest = bytes + Array(repeating: 0x20, count: limitBytes - bytes.count)
        #expect(throws: Never.self) {
            try StagedMetadata(parsing: longest, of: role, limits: .tests)
        }
        #expect(throws: TrustError.tooLong(role, limitBytes: limitBytes)) {
            try StagedMetadata(parsing: longest + [0x20], of: role, limits: .tests)
        }
    }

    @Test func saysWhatIsWrong() throws {
        let errors: [(SigningError, String)] = [
            (.notAKey(of: .targets), "the key is none of those that may sign targets"),
            (.notStaged(.root), "nothing of root waits to be signed"),
            (
                .invalid(try key(1).keyID),
                "the signature of key \(try key(1).keyID) is not one over this metadata"
            ),
        ]
        for (error, text) in errors { #expect("\(error)".hasPrefix(text)) }
    }
}

import JSON
import Model
import OpenSSL
import Testing
import Trust

/// What an operator is told, and which attack it may be.
@Suite struct TrustErrorTests {
    /// One of each case; a new case makes ``name(_:)`` fail to compile.
    private func all(_ role: RoleName) throws -> [(TrustError, AttackIndicator, String)] {
        [
            (.malformed(role, problem: "p"), .malformed, "X metadata is malformed: p"),
            (
                .tooFewSignatures(role, valid: 1, threshold: 2), .arbitraryInstallation,
                "X metadata is signed by 1 of the 2 keys it needs (it may be forged)"
            ),
            (
                .rollback(role, offered: 3, trusted: 4), .rollback,
                "X metadata version 3 is older than version 4, which is already trusted"
                    + " (it may be a rollback attack)"
            ),
            (
                .wrongVersion(role, offered: 3, expected: 4), .mixAndMatch,
                "X metadata is version 3 where version 4 is expected"
                    + " (it may be a mix-and-match attack)"
            ),
            (
                .expired(role, at: at(0)), .freeze,
                "X metadata expired at 1970-01-01T00:00:00Z (it may be a freeze attack)"
            ),
            (
                try wrongBytes(role), .mixAndMatch,
                "X metadata of 7 bytes is not what the metadata above it names: version 1,"
                    + " 9 bytes, sha256 \(String(repeating: "ab", count: 32))"
                    + " (it may be a mix-and-match attack)"
            ),
            (
                .tooLong(role, limitBytes: 5), .endlessData,
                "X metadata is longer than 5 bytes (it may be an endless-data attack)"
            ),
            (
                .missing(role), .withholding,
                "X metadata is named but not there (it may be withheld)"
            ),
        ]
    }

    private func wrongBytes(_ role: RoleName) throws -> TrustError {
        var repository = try FakeRepository()
        try repository.publish(.timestamp) {
            $0.editing(
                "meta", "snapshot.json",
                to: [
                    "version": 1, "length": 9,
                    "hashes": ["sha256": .string(String(repeating: "ab", count: 32))],
                ])
        }
        var set = try TrustedSet(
            root: repository.bytes(of: .root), now: now, cryptography: cryptography,
            limits: .tests)
        try set.adoptTimestamp(repository.bytes(of: .timestamp))
        return .wrongBytes(role, length: 7, expected: try #require(set.timestamp).snapshot)
    }

    private func name(_ error: TrustError) -> String {
        switch error {
        case .malformed: "malformed"
        case .tooFewSignatures: "tooFewSignatures"
        case .rollback: "rollback"
        case .wrongVersion: "wrongVersion"
        case .expired: "expired"
        case .wrongBytes: "wrongBytes"
        case .tooLong: "tooLong"
        case .missing: "missing"
        }
    }

    @Test(arguments: RoleName.ofRoot)
    func saysWhatIsWrongWithWhat(role: RoleName) throws {
        for (error, indicator, text) in try all(role) {
            #expect("\(error)" == role.text + text.dropFirst())
            #expect(error.indicator == indicator)
            #expect(error.role == role)
        }
        #expect(Set(try all(role).map { name($0.0) }).count == 8)
    }

    @Test func quotesADelegatedRole() throws {
        for (error, _, text) in try all(delegated("a b")) {
            #expect("\(error)" == "\"a b\"" + text.dropFirst())
        }
    }

    /// Nobody can make a case that no indicator is for, nor an indicator that none tells.
    @Test func everyIndicatorHasItsErrors() throws {
        let told = Set(try all(.root).map(\.1))
        #expect(Set(AttackIndicator.allCases).subtracting(told) == [.wrongSoftware])
    }

    @Test func aRefusalNamesTheFile() {
        let refusal = MetadataRefusal(file: "1.root.json", reason: .missing(.root))
        #expect("\(refusal)" == "1.root.json: \(TrustError.missing(.root))")
    }

    // MARK: - In refusals

    /// What was expected is told as the metadata above tells it.
    @Test func tellsWhatWasListedOfOtherBytes() throws {
        var repository = try FakeRepository()
        try repository.publish(.snapshot)
        let set = try Client.set(from: repository)
        let expected = set.snapshotListed
        repository.files["2.snapshot.json"]?.append(0x20)
        let length = try #require(repository.files["2.snapshot.json"]?.count)
        var client = Client(new: repository)
        #expect(
            throws: TrustError.wrongBytes(
                .snapshot, length: length, expected: try #require(expected))
        ) { try client.refresh(from: repository) }
        #expect(client.refusedFile == "2.snapshot.json")
        #expect(expected?.version == 2 && expected?.length == Int64(length - 1))
    }

    @Test func namesTheFileOfEveryRole() throws {
        let good = try FakeRepository.aged()
        for (role, file) in [
            (RoleName.root, "2.root.json"), (.timestamp, "timestamp.json"),
            (.snapshot, "5.snapshot.json"), (.targets, "5.targets.json"),
        ] {
            var bad = good
            bad.listing = .nothing
            try bad.publish(role == .root ? .root : .targets)
            bad.files[try bad.name(of: role)] = [0]
            var client = Client(new: good)
            #expect(throws: TrustError.self) { try client.refresh(from: bad) }
            #expect(client.refusedFile == file)
        }
        var client = Client(new: good)
        client.stored.root = [0]
        #expect(throws: TrustError.self) { try client.refresh(from: good) }
        #expect(client.refusedFile == "root.json")
    }
}

extension Client {
    fileprivate static func set(from repository: FakeRepository) throws -> TrustedSet {
        var client = Client(new: repository)
        return try client.refresh(from: repository)
    }
}

extension TrustedSet {
    fileprivate var snapshotListed: MetadataDescription? { timestamp?.snapshot }
}

import JSON
import Model
import OpenSSL
import Testing
import Trust

/// What a delegated role must be before it may answer: the rules of the targets role (TUF 5.6.7.1).
@Suite struct DelegationAttackTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let refusal: Refusal
        let attack: @Sendable (inout FakeRepository) throws -> Void

        init(
            _ sentence: String, _ refusal: Refusal,
            _ attack: @escaping @Sendable (inout FakeRepository) throws -> Void
        ) {
            testDescription = sentence
            self.refusal = refusal
            self.attack = attack
        }
    }

    /// Targets trusts `role` with everything when two of three keys sign, and `other` after it.
    static func repository() throws -> FakeRepository {
        var repository = try FakeRepository()
        try repository.write(
            .targets,
            trusting: [
                FakeDelegation(name: "role", keys: [40, 41, 42], threshold: 2),
                FakeDelegation(name: "other", keys: [50]),
            ])
        try repository.write(delegated("other"), listing: ["a"], keys: [50])
        for _ in 0..<4 { try repository.write(delegated("role"), listing: ["a"], keys: [40, 41]) }
        return repository
    }

    static func because(_ error: (RoleName) -> TrustError) -> Refusal {
        guard let role = try? delegated("role") else { return .other("no such role") }
        return .because(error(role))
    }

    static func unsigned(_ valid: Int) -> Refusal {
        because { .tooFewSignatures($0, valid: valid, threshold: 2) }
    }

    static let signatures: [Row] =
        ([
            ("nobody", [], 0), ("one of two", [40], 1),
            ("one key and a stranger", [40, 99], 1),
            ("the delegator's keys", [5, 6], 0),
            ("the root keys", [1, 2], 0), ("the snapshot and timestamp keys", [3, 4], 0),
            ("another delegated role's key", [50, 41], 1),
        ] as [(String, [UInt8], Int)]).map { who, keys, valid in
            Row("signed by \(who)", unsigned(valid)) {
                try $0.publish(delegated("role"), signers: keys.map(key))
            }
        } + [
            Row("changed after it was signed", unsigned(0)) {
                try $0.publish(
                    delegated("role"),
                    wrap: { bytes in
                        let envelope = try FakeRepository.envelope(bytes)
                        return SignedEnvelope(
                            signed: try JSONFields(envelope.signed).members.setting("x", to: 1),
                            signatures: envelope.signatures
                        ).bytes
                    })
            },
            Row("the metadata of the other role", unsigned(0)) { repository in
                let other = try repository.bytes(of: delegated("other"))
                try repository.publish(delegated("role"), wrap: { _ in other })
            },
        ]

    static let contents: [Row] = [
        Row("not in the snapshot", because { .missing($0) }) {
            try $0.publish(.snapshot) { $0.editing("meta", "role.json", to: nil) }
        },
        Row("named but not there", because { .missing($0) }) {
            try $0.publish(delegated("role"))
            $0.files[try $0.name(of: delegated("role"))] = nil
        },
        Row("expired", because { .expired($0, at: at(1000)) }) {
            try $0.publish(delegated("role")) { $0.editing("expires", to: .string("\(at(1000))")) }
        },
        Row(
            "of an older version than is named",
            because {
                .wrongVersion($0, offered: 4, expected: 5)
            }
        ) { repository in
            repository.listing = .nothing
            try repository.publish(delegated("role")) { $0.setting("version", to: 4) }
        },
        Row(
            "of a newer version than is named",
            because {
                .wrongVersion($0, offered: 6, expected: 5)
            }
        ) { repository in
            try repository.publish(delegated("role")) { $0.setting("version", to: 6) }
        },
        Row("with other bytes of the same length", wrongBytes) { repository in
            repository.listing = .hash
            try repository.publish(delegated("role"))
            try repository.files[repository.name(of: delegated("role"))]?.append(0x20)
        },
        Row("with another length", wrongBytes) { repository in
            repository.listing = .length
            try repository.publish(delegated("role"))
            try repository.files[repository.name(of: delegated("role"))]?.append(0x20)
        },
        Row("too long", because { .tooLong($0, limitBytes: Limits.tests.targetsBytes) }) {
            $0.listing = .nothing
            try $0.publish(
                delegated("role"),
                wrap: { bytes in
                    bytes
                        + Array(repeating: 0x20, count: Limits.tests.targetsBytes + 1 - bytes.count)
                })
        },
        Row("no JSON at all", because { .malformed($0, problem: "byte 0: \(unexpectedEnd)") }) {
            $0.listing = .nothing
            try $0.publish(delegated("role"), wrap: { _ in [] })
        },
        Row(
            "of another type",
            because { .malformed($0, problem: "_type: expected \"targets\"") }
        ) { try $0.publish(delegated("role")) { $0.editing("_type", to: "role") } },
    ]

    static let unexpectedEnd = "the document ends too early"
    static let wrongBytes = (try? delegated("role")).map { Refusal.wrongBytes($0) } ?? .other("")

    @Test(arguments: signatures + contents)
    func endsTheSearchOfANewDevice(row: Row) throws {
        var repository = try Self.repository()
        try row.attack(&repository)
        var client = Client(new: repository)
        #expect(refusal { try client.find("a", in: repository) } == row.refusal)
        #expect(!client.log.contains { $0.hasSuffix("other.json") }, "nobody answers instead")
        #expect(client.stored.delegated.isEmpty)
        #expect(client.log.contains("recall role"))
    }

    @Test(arguments: signatures + contents)
    func leavesWhatWasTrustedSoThatTheNextTrySucceeds(row: Row) throws {
        let good = try Self.repository()
        var client = Client(new: good)
        let found = try client.find("a", in: good)
        #expect(found?.role == (try delegated("role")))
        let kept = client.stored.delegated

        var bad = good
        try row.attack(&bad)
        #expect(refusal { try client.find("a", in: bad) } != nil)
        #expect(client.stored.delegated == kept)

        // The repository was mended: everything has a newer version now.
        var mended = good
        for _ in 0..<3 { try mended.write(delegated("role"), listing: ["a"]) }
        try mended.publish(.snapshot)
        #expect(try client.find("a", in: mended) == found)
        #expect(client.stored == (try storedWithoutOther(mended)))
    }

    private func storedWithoutOther(_ repository: FakeRepository) throws -> StoredMetadata {
        var stored = try repository.stored()
        stored[try delegated("other")] = nil
        return stored
    }

    @Test func fetchesNothingOfARoleThatIsNotInTheSnapshot() throws {
        var repository = try Self.repository()
        var client = Client(new: repository)
        _ = try client.find("a", in: repository)
        // It is still stored; that must not help it either.
        try repository.rotate(.snapshot, to: [key(44)], threshold: 1)
        try repository.publish(.snapshot) { $0.editing("meta", "role.json", to: nil) }
        #expect(
            refusal { try client.find("a", in: repository) } == Self.because { .missing($0) })
        #expect(client.log == ["recall role"])
        #expect(client.refusedFile == "role.json")
    }

    @Test func namesTheFileThatItRefused() throws {
        var repository = try Self.repository()
        try repository.publish(delegated("role"), signers: [])
        var client = Client(new: repository)
        #expect(refusal { try client.find("a", in: repository) } == Self.unsigned(0))
        #expect(client.refusedFile == "5.role.json")
    }

    /// A failure ends one search; others go on with what is trusted.
    @Test func canSeekAgainAfterAFailure() throws {
        let good = try Self.repository()
        var bad = good
        bad.files[try good.name(of: delegated("role"))] = nil
        var client = Client(new: good)
        var refresh = try client.refreshing(from: bad)
        #expect(refusal { try client.find("a", in: bad, with: &refresh) } != nil)
        #expect(refresh.found == nil)
        #expect(refresh.next() == .finished)
        #expect(try client.find("a", in: good, with: &refresh)?.role == delegated("role"))
    }

    @Test(arguments: [nil, 700] as [Int64?])
    func asksForNoMoreBytesThanTheSnapshotTells(length: Int64?) throws {
        var repository = try Self.repository()
        try repository.publish(.snapshot) {
            $0.editing("meta", "role.json", "hashes", to: nil)
                .editing("meta", "role.json", "length", to: length.map { .integer($0) })
        }
        var client = Client(new: repository)
        _ = try? client.find("a", in: repository)
        #expect(
            client.limitBytes["4.role.json"] == length.map { Int($0) } ?? Limits.tests.targetsBytes)
    }

    @Test func letsTheSnapshotWidenNoLimit() throws {
        var repository = try Self.repository()
        try repository.publish(.snapshot) {
            $0.editing("meta", "role.json", "length", to: .integer(.max))
        }
        var client = Client(new: repository)
        #expect(refusal { try client.find("a", in: repository) } == Self.wrongBytes)
        #expect(client.limitBytes["4.role.json"] == Limits.tests.targetsBytes)
    }

    /// The snapshot is signed online: a stolen key must not undo what a role signed offline.
    @Test func noticesThatADelegatedRoleIsRolledBack() throws {
        var repository = try Self.repository()
        var client = Client(new: repository)
        _ = try client.find("a", in: repository)
        try repository.publish(.snapshot) {
            $0.editing("meta", "role.json", to: ["version": 3])
        }
        #expect(
            refusal { try client.find("a", in: repository) }
                == Self.because { .rollback($0, offered: 3, trusted: 4) })
    }
}

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
}

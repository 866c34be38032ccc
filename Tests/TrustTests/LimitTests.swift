import JSON
import Model
import OpenSSL
import Testing
import Trust

/// One below each limit, at it, and one above.
@Suite struct LimitTests {
    static let roles: [RoleName] =
        RoleName.topLevel + [DelegatedRoleName("x").map { .delegated($0) }].compactMap { $0 }

    /// Metadata of `role` that is so long; nothing above it tells its length.
    private func repository(_ role: RoleName, byteCount: Int) throws -> FakeRepository {
        var repository = try FakeRepository()
        repository.listing = .nothing
        try repository.write(.targets, trusting: [FakeDelegation(name: "x", keys: [40])])
        try repository.write(delegated("x"), listing: ["a"], keys: [40])
        try repository.publish(
            role,
            wrap: { bytes in
                bytes + Array(repeating: 0x20, count: byteCount - bytes.count)
            })
        return repository
    }

    @Test(arguments: roles, [-1, 0, 1])
    func takesMetadataUpToItsLimit(role: RoleName, more: Int) throws {
        let limitBytes = Limits.tests.bytes(of: role)
        let repository = try repository(role, byteCount: limitBytes + more)
        var client = Client(new: repository)
        let result = refusal { try client.find("a", in: repository) }
        #expect(
            result == (more > 0 ? .because(.tooLong(role, limitBytes: limitBytes)) : nil))
        let name = try repository.name(of: role)
        #expect(client.limitBytes[name] == limitBytes, "the fetch is told, too")
    }

    @Test(arguments: [RoleName.snapshot, .targets], [-1, 0, 1])
    func takesExactlyTheLengthThatIsListed(role: RoleName, more: Int64) throws {
        var repository = try FakeRepository()
        let above = role == .snapshot ? RoleName.timestamp : .snapshot
        let length = Int64(try repository.bytes(of: role).count)
        try repository.publish(above) {
            $0.editing(
                "meta", role.fileName,
                to: ["version": 1, "length": .integer(length + more)])
        }
        var client = Client(new: repository)
        #expect(
            refusal { try client.refresh(from: repository) }
                == (more == 0 ? nil : .wrongBytes(role)))
        #expect(client.limitBytes["1.\(role.fileName)"] == Int(length + more))
    }

    @Test(arguments: [7, 8, 9])
    func takesSignaturesUpToTheirLimit(count: Int) throws {
        var repository = try FakeRepository()
        let strangers = (0..<UInt8(count - 2)).map { 60 + $0 }
        try repository.publish(.targets, signers: ([5, 6] + strangers).map(key))
        var client = Client(new: repository)
        #expect(
            refusal { try client.refresh(from: repository) }
                == (count <= Limits.tests.signatures
                    ? nil : .because(.malformed(.targets, problem: "9 signatures are too many"))))
    }

    @Test(arguments: [3, 4, 5])
    func followsRootsUpToTheirLimit(count: Int) throws {
        var repository = try FakeRepository()
        for _ in 0..<count { try repository.publish(.root) }
        var client = Client(new: repository)
        let root = try client.refresh(from: repository).root
        #expect(root.version == Int64(min(count, Limits.tests.rootRotations)) + 1)
        // What is left is followed the next time.
        #expect(try client.refresh(from: repository).root.version == Int64(count) + 1)
    }

    /// As many key ids as the limit, of which one names a key.
    @Test(arguments: [999, 1000, 1001])
    func takesKeyIDsUpToTheirLimit(count: Int) throws {
        var limits = Limits.tests
        limits.rootBytes = 200_000
        let ids =
            try (1..<count).map { number -> JSONValue in
                let digits = String(number, radix: 16)
                return .string(String(repeating: "0", count: 64 - digits.count) + digits)
            } + [.string(key(3).keyID.text)]
        var repository = try FakeRepository()
        try repository.publish(.root) {
            $0.editing("roles", "timestamp", "keyids", to: .array(ids))
        }
        var client = Client(new: repository)
        client.limits = limits
        let problem = "roles.timestamp.keyids: expected an array of at most 1000 elements"
        #expect(
            refusal { try client.refresh(from: repository) }
                == (count <= 1000 ? nil : .because(.malformed(.root, problem: problem))))
    }

    // MARK: - Versions

    static let versions: [(Int64, Bool)] = [
        (1, true), (.max - 1, true), (.max, false), (0, false), (-1, false), (.min, false),
    ]

    /// However large: the arithmetic about versions never overflows.
    @Test(arguments: roles, versions)
    func takesVersionsThatHaveANext(role: RoleName, version: (Int64, Bool)) throws {
        var repository = try FakeRepository()
        repository.listing = .nothing
        try repository.write(.targets, trusting: [FakeDelegation(name: "x", keys: [40])])
        try repository.write(delegated("x"), listing: ["a"], keys: [40])
        let bytes = try repository.sign(
            #require(repository.documents[role]).setting("version", to: .integer(version.0)),
            by: #require(repository.signers[role]))
        let name = role.publishedName(version: version.0, isConsistent: true)
        var client = Client(new: repository)
        if role == .root { client.stored.root = bytes }
        try repository.publish(.snapshot) {
            guard ![.root, .timestamp, .snapshot].contains(role) else { return $0 }
            return $0.editing("meta", role.fileName, to: ["version": .integer(version.0)])
        }
        if role == .snapshot {
            try repository.publish(.timestamp) {
                $0.editing("meta", role.fileName, to: ["version": .integer(version.0)])
            }
        }
        repository.files[name] = bytes
        let result = refusal { try client.find("a", in: repository) }
        if version.1 {
            #expect(result == nil)
        } else {
            guard case .because(.malformed) = result else {
                Issue.record("version \(version.0) was taken: \(String(describing: result))")
                return
            }
        }
    }

    /// A length or version that no file can have is no reason to trap.
    @Test func namesNoVersionOrLengthBeyondWhatFits() throws {
        for (member, value, problem) in [
            ("version", .integer(0), "version: expected a number from 1 to \(Int64.max - 1)"),
            ("version", .integer(.min), "version: expected a number from 1 to \(Int64.max - 1)"),
            ("version", .integer(.max), "version: expected a number from 1 to \(Int64.max - 1)"),
            ("length", .integer(0), "length: expected a number from 1 to \(Int64.max)"),
        ] as [(String, JSONValue, String)] {
            var repository = try FakeRepository()
            try repository.publish(.timestamp) {
                $0.editing("meta", "snapshot.json", member, to: value)
            }
            var client = Client(new: repository)
            #expect(
                refusal { try client.refresh(from: repository) }
                    == .because(
                        .malformed(.timestamp, problem: "meta.snapshot.json.\(problem)")))
        }
    }

    @Test func shipsTheLimitsOfPythonTUF() {
        let limits = Limits.standard
        #expect(limits.bytes(of: .root) == 512_000)
        #expect(limits.bytes(of: .timestamp) == 16_384)
        #expect(limits.bytes(of: .snapshot) == 2_000_000)
        #expect(limits.bytes(of: .targets) == 5_000_000)
        #expect(limits.rootRotations == 256 && limits.delegations == 32)
        #expect(limits.signatures == 64)
    }
}

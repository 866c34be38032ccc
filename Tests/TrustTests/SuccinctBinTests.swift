import JSON
import Model
import OpenSSL
import Testing
import Trust

/// Hash bins that one entry describes (TAP 15).
@Suite struct SuccinctBinTests {
    private static func succinct(
        bitLength: JSONValue?, prefix: JSONValue? = "bin", keys: [UInt8] = [40],
        threshold: Int64 = 1
    ) throws -> JSONObject {
        JSONObject([
            ("keys", .object(try keyObjects(keys))),
            (
                "succinct_roles",
                .object(
                    JSONObject(present: [
                        ("keyids", .array(try keys.map { .string(try key($0).keyID.text) })),
                        ("threshold", .integer(threshold)), ("bit_length", bitLength),
                        ("name_prefix", prefix),
                    ]))
            ),
        ])
    }

    private func repository(
        bitLength: Int64, prefix: String = "bin", bins: [String]
    ) throws -> FakeRepository {
        var repository = try FakeRepository()
        try repository.write(
            .targets,
            delegations: Self.succinct(bitLength: .integer(bitLength), prefix: .string(prefix)))
        for bin in bins { try repository.write(delegated(bin), listing: ["a"], keys: [40]) }
        return repository
    }

    /// SHA-256 of `a` begins with ca978112, that of `b` with 3e23e816.
    static let bins: [(Int64, String, String)] = [
        (1, "a", "bin-1"), (1, "b", "bin-0"), (2, "a", "bin-3"), (3, "a", "bin-6"),
        (4, "a", "bin-c"), (4, "b", "bin-3"), (5, "a", "bin-19"), (5, "b", "bin-07"),
        (8, "a", "bin-ca"), (8, "b", "bin-3e"), (9, "b", "bin-07c"), (10, "a", "bin-32a"),
        (13, "b", "bin-07c4"), (16, "a", "bin-ca97"), (20, "b", "bin-3e23e"),
        (31, "a", "bin-654bc089"), (32, "a", "bin-ca978112"), (32, "b", "bin-3e23e816"),
    ]

    @Test(arguments: bins)
    func asksTheOneBin(bitLength: Int64, path: String, bin: String) throws {
        let repository = try repository(bitLength: bitLength, bins: [bin])
        var client = Client(new: repository)
        let found = try client.find(path, in: repository)
        #expect(client.fetches == ["1.\(bin).json"])
        #expect(found?.role == (path == "a" ? try delegated(bin) : nil))
    }

    @Test(arguments: [([UInt8(40)], false), ([40, 41], true)])
    func asksForTheWholeThreshold(signers: [UInt8], isTrusted: Bool) throws {
        var repository = try FakeRepository()
        try repository.write(
            .targets,
            delegations: Self.succinct(bitLength: 8, keys: [40, 41], threshold: 2))
        let bin = try delegated("bin-ca")
        try repository.write(bin, listing: ["a"], keys: signers)
        var client = Client(new: repository)
        let end = refusal { try client.find("a", in: repository) }
        #expect(
            end == (isTrusted ? nil : .because(.tooFewSignatures(bin, valid: 1, threshold: 2))))
    }

    /// Neither what looks like a bin nor any other role is asked or trusted.
    @Test func asksNobodyElse() throws {
        let repository = try repository(
            bitLength: 8, bins: ["bin-CA", "bin-0ca", "bin-a", "bin-ca", "bin", "bin-", "ca"])
        var client = Client(new: repository)
        #expect(try client.find("a", in: repository)?.role == delegated("bin-ca"))
        #expect(client.fetches == ["1.bin-ca.json"])
    }

    @Test func asksABinThatIsNotThereForNothing() throws {
        let repository = try repository(bitLength: 8, bins: ["bin-cb"])
        var client = Client(new: repository)
        #expect(
            refusal { try client.find("a", in: repository) }
                == .because(.missing(try delegated("bin-ca"))))
        #expect(client.log == ["recall bin-ca"])
    }

    @Test func wantsTheBinsKeys() throws {
        var repository = try repository(bitLength: 4, bins: [])
        try repository.write(delegated("bin-c"), listing: ["a"], keys: [5, 6])
        var client = Client(new: repository)
        #expect(
            refusal { try client.find("a", in: repository) }
                == .because(.tooFewSignatures(try delegated("bin-c"), valid: 0, threshold: 1)))
    }

    @Test func endsNothing() throws {
        // A bin may delegate on; and nothing comes after it because it is the only one.
        var repository = try repository(bitLength: 4, bins: [])
        try repository.write(
            delegated("bin-c"), trusting: [FakeDelegation(name: "x", keys: [50])], keys: [40])
        try repository.write(delegated("x"), listing: ["a"], keys: [50])
        var client = Client(new: repository)
        #expect(try client.find("a", in: repository)?.role == delegated("x"))
    }

    // MARK: - What the keeper sees

    /// Only roles whose name is exactly one of the bins' are delegated to.
    @Test(arguments: [
        ("bin-0", true), ("bin-f", true), ("bin-00", false), ("bin-10", false), ("bin-F", false),
        ("bin-+1", false), ("bin--1", false), ("bin-", false), ("bin", false), ("bin-g", false),
        ("Bin-0", false), ("bin0", false), ("xbin-0", false), ("bin-ffffffffffffffffffff", false),
    ])
    func delegatesToBinsOnly(name: String, isBin: Bool) throws {
        let repository = try repository(bitLength: 4, bins: [])
        let published = try Keeper(repository).repository
        #expect(published.signers(of: try delegated(name)).count == (isBin ? 1 : 0))
        #expect(published.targets.delegations?.kind != nil)
    }

    @Test func readsEveryBinThatSaysSomething() throws {
        let repository = try repository(bitLength: 8, bins: ["bin-00", "bin-ca", "bin-ff"])
        let published = try Keeper(repository).repository
        #expect(published.delegated.count == 3)
        #expect(
            published.signers(of: try delegated("bin-ab")).map(\.name) == [try delegated("bin-ab")])
    }

    // MARK: - What is refused

    static let refused: [(JSONValue?, JSONValue?, String)] = [
        (0, "bin", "bit_length: expected a number from 1 to 32"),
        (-1, "bin", "bit_length: expected a number from 1 to 32"),
        (33, "bin", "bit_length: expected a number from 1 to 32"),
        (.integer(.max), "bin", "bit_length: expected a number from 1 to 32"),
        (nil, "bin", "bit_length: expected a number, found nothing"),
        ("8", "bin", "bit_length: expected a number, found a string"),
        (8, nil, "name_prefix: expected a string, found nothing"),
        (8, 1, "name_prefix: expected a string, found a number"),
        (8, "a\n", "name_prefix: expected the beginning of a role's name"),
        (
            8, .string(String(repeating: "x", count: 65)),
            "name_prefix: expected a string of at most 64 bytes"
        ),
    ]

    @Test(arguments: refused)
    func refuses(bitLength: JSONValue?, prefix: JSONValue?, problem: String) throws {
        var repository = try FakeRepository()
        try repository.write(
            .targets, delegations: Self.succinct(bitLength: bitLength, prefix: prefix))
        var client = Client(new: repository)
        #expect(
            refusal { try client.refresh(from: repository) }
                == .because(
                    .malformed(.targets, problem: "delegations.succinct_roles.\(problem)")))
    }

    @Test func refusesBinsBesideRoles() throws {
        var repository = try FakeRepository()
        try repository.write(
            .targets, delegations: Self.succinct(bitLength: 8).setting("roles", to: []))
        var client = Client(new: repository)
        #expect(
            refusal { try client.refresh(from: repository) }
                == .because(
                    .malformed(
                        .targets,
                        problem: "delegations.roles: expected nothing beside succinct_roles")))
    }

    @Test func takesTheLongestPrefix() throws {
        let prefix = String(repeating: "x", count: 64)
        let repository = try repository(
            bitLength: 32, prefix: prefix, bins: ["\(prefix)-ca978112"])
        var client = Client(new: repository)
        #expect(try client.find("a", in: repository) != nil)
    }
}

import JSON
import Model
import OpenSSL
import Testing
import Trust

/// Which paths a delegated role is asked for, and delegations that are refused outright.
@Suite struct DelegationScopeTests {
    private func role(_ name: String, paths: [String]?, prefixes: [String]? = nil) -> FakeDelegation
    {
        FakeDelegation(name: name, keys: [40], paths: paths, hashPrefixes: prefixes)
    }

    /// Targets with one delegation; the role lists `path`.
    private func finds(_ path: String, _ delegation: FakeDelegation) throws -> Bool {
        var repository = try FakeRepository()
        try repository.write(.targets, trusting: [delegation])
        try repository.write(delegated(delegation.name), listing: [path], keys: [40])
        var client = Client(new: repository)
        let found = try client.find(path, in: repository)
        #expect(client.fetches.isEmpty == (found == nil), "only who is asked is fetched")
        return found != nil
    }

    // MARK: - Paths

    @Test(arguments: [
        (["*"], "a", true), (["a/*"], "a/b", true), (["x", "a"], "a", true), ([], "a", false),
        (["*"], "a/b", false), (["A"], "a", false), (["a/?"], "a/b", true),
        (["é"], "e\u{301}", false), (["e\u{301}"], "e\u{301}", true),
    ])
    func asksByPattern(patterns: [String], path: String, isAsked: Bool) throws {
        #expect(try finds(path, role("r", paths: patterns)) == isAsked)
    }

    // MARK: - Hash prefixes

    /// SHA-256 of `a`.
    static let hash = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"

    @Test(arguments: [
        (["c"], true), (["ca"], true), (["ca9"], true), ([hash], true), (["b", "ca97"], true),
        ([], false), (["b"], false), (["cb"], false), (["ca978113"], false),
        ([String(hash.dropLast()) + "a"], false), (["a"], false), (["a978"], false),
    ])
    func asksByHashPrefix(prefixes: [String], isAsked: Bool) throws {
        #expect(try finds("a", role("r", paths: nil, prefixes: prefixes)) == isAsked)
    }

    /// The hash is that of the whole path and not of its last name.
    @Test func hashesTheWholePath() throws {
        let delegation = role("r", paths: nil, prefixes: ["ca97"])
        #expect(try !finds("x/a", delegation))
        let whole = hashing.sha256(Array("x/a".utf8)).hex
        #expect(try finds("x/a", role("r", paths: nil, prefixes: [String(whole.prefix(5))])))
    }

    // MARK: - Delegations that are refused

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let problem: String
        let edit: @Sendable (JSONObject) throws -> JSONObject

        init(
            _ sentence: String, _ problem: String,
            _ edit: @escaping @Sendable (JSONObject) throws -> JSONObject
        ) {
            testDescription = sentence
            self.problem = problem
            self.edit = edit
        }
    }

    /// Spoils the first role of `delegations`.
    static func role(_ member: String, _ value: JSONValue?)
        -> @Sendable (JSONObject) throws ->
        JSONObject
    {
        { delegations in
            let roles = try JSONFields(.object(delegations)).array("roles", maximumCount: 9)
            let first = try JSONFields(roles[0].value).members.editing(member, to: value)
            return delegations.setting("roles", to: .array([.object(first)]))
        }
    }

    static let hexadecimal = "path_hash_prefixes: expected 1 to 64 lower-case hexadecimal digits"
    static let either = "paths: expected either paths or path_hash_prefixes"
    static let name = "name: expected a delegated role's name"

    static let scopes: [Row] =
        [
            Row("both kinds of scope", either, role("path_hash_prefixes", ["00"])),
            Row("both kinds of scope, one empty", either, role("path_hash_prefixes", [])),
            Row("neither kind of scope", either, role("paths", nil)),
            Row("a scope of null", either, role("paths", .null)),
            Row(
                "paths that are none", "paths: expected an array, found a string",
                role("paths", "*")),
            Row("a path that is none", "paths[1]: expected a string", role("paths", ["*", 1])),
            Row("a path that is null", "paths[0]: expected a string", role("paths", [.null])),
            Row(
                "no terminating", "terminating: expected true or false, found nothing",
                role("terminating", nil)),
            Row(
                "a terminating of 0", "terminating: expected true or false, found a number",
                role("terminating", 0)),
        ]
        + ["", "CA", "0x", "g", "é", "ca ", String(repeating: "0", count: 65)].map { prefix in
            Row("the hash prefix '\(prefix)'", hexadecimal) {
                try role("path_hash_prefixes", ["00", .string(prefix)])(
                    role("paths", nil)($0))
            }
        }

    static let names: [Row] =
        [
            "", "root", "timestamp", "snapshot", "targets", "a\u{0}", "a\n", "\u{7f}", "\u{1f}x",
            String(repeating: "x", count: 81), String(repeating: "é", count: 41),
        ].map { text in
            Row("the name '\(text.debugDescription)'", name, role("name", .string(text)))
        }
        + [
            Row("no name", "name: expected a string, found nothing", role("name", nil)),
            Row("a number for a name", "name: expected a string, found a number", role("name", 1)),
        ]

    static let keys: [Row] =
        [
            Row("no key ids", "keyids: expected an array, found nothing", role("keyids", nil)),
            Row(
                "a key id that is none", "keyids[0]: expected key ids, each once",
                role("keyids", ["00"])),
            Row(
                "a key id in upper case", "keyids[0]: expected key ids, each once",
                role("keyids", [.string(keyIDText(40).uppercased())])),
            Row(
                "one key id twice", "keyids[1]: expected key ids, each once",
                role("keyids", [.string(keyIDText(40)), .string(keyIDText(40))])),
        ]
        + [0, -1, .min, 1001, .max].map { threshold in
            Row(
                "a threshold of \(threshold)", "threshold: expected a number from 1 to 1000",
                role("threshold", .integer(threshold)))
        }

    static func keyIDText(_ number: UInt8) -> String {
        (try? key(number).keyID.text) ?? "no such key"
    }

    /// Why targets with such delegations are refused.
    private func refusal(of edit: @Sendable (JSONObject) throws -> JSONObject) throws -> Refusal? {
        var repository = try FakeRepository()
        let good = try delegating([role("r", paths: ["*"])])
        try repository.write(.targets, delegations: edit(good))
        var client = Client(new: repository)
        return TrustTests.refusal { try client.refresh(from: repository) }
    }

    @Test(arguments: scopes + names + keys)
    func refusesTargetsWith(row: Row) throws {
        let path = "delegations.roles[0]."
        #expect(
            try refusal(of: row.edit)
                == .because(.malformed(.targets, problem: path + row.problem)))
    }

    @Test(arguments: ["x", "offer", "X", "ROOT", "root.json", "1.root"])
    func refusesTheSameNameTwice(name: String) throws {
        let twice = try delegating([
            FakeDelegation(name: name, keys: [40]), FakeDelegation(name: name, keys: [41]),
        ])
        let problem = "delegations.roles[1]: expected each role once"
        #expect(
            try refusal { _ in twice } == .because(.malformed(.targets, problem: problem)))
    }

    /// Names that only look the same are different names.
    @Test func takesNamesThatDifferInTheirBytes() throws {
        let both = try delegating([
            FakeDelegation(name: "é", keys: [40]), FakeDelegation(name: "e\u{301}", keys: [41]),
        ])
        #expect(try refusal { _ in both } == nil)
    }

    @Test(arguments: ["keys", "roles"])
    func refusesDelegationsWithout(member: String) throws {
        let found = member == "keys" ? "an object, found nothing" : "an array, found nothing"
        #expect(
            try refusal { $0.editing(member, to: nil) }
                == .because(
                    .malformed(.targets, problem: "delegations.\(member): expected \(found)")))
    }

    @Test func toleratesDelegationsOfNull() throws {
        var repository = try FakeRepository()
        try repository.publish(.targets) { $0.editing("delegations", to: .null) }
        var client = Client(new: repository)
        #expect(try client.refresh(from: repository).targets?.delegations == nil)
    }
}

import JSON
import TestSupport
import Testing

/// Metadata that cannot be read is refused in one line, whoever signed it.
@Suite struct MalformedMetadataTests {
    /// Bytes that nobody signed, which is noticed after they were read.
    @Test(arguments: Position.metadata)
    func isRefused(position: Position) throws {
        try Attack(at: position, listing: .nothing).expectRefusals(
            of: HostileDocument.all.map(\.attempt))
    }

    /// What the metadata above does not describe is refused before it is read.
    @Test(arguments: [Position.snapshot, .targets, .delegated])
    func isRefusedUnreadWhereItIsDescribed(position: Position) throws {
        try Attack(at: position).expectRefusals(of: HostileDocument.framings.map(\.attempt))
    }

    @Test func isOfManyKinds() { #expect(HostileDocument.all.count >= 170) }

    /// Five megabytes of the smallest values, where five are the limit.
    @Test(arguments: ["0", "[]", "{}", "\"\"", "{\"\":0}"])
    func cannotFillTheMemory(element: String) throws {
        let count = 4_990_000 / (element.utf8.count + 1)
        let list = Array(repeating: element, count: count).joined(separator: ",")
        let document = Array("{\"signatures\":[],\"signed\":{\"x\":[\(list)]}}".utf8)
        try Attack(at: .targets, listing: .nothing).expectRefusal(["targets metadata"]) { _ in
            .ok(document)
        }
    }

    /// A change of what a role says, signed by those who may.
    struct Edit: CustomTestStringConvertible, Sendable {
        let position: Position
        let path: [String]
        let value: JSONValue?

        init(_ position: Position, _ path: String, _ value: JSONValue?) {
            self.position = position
            self.path = path.split(separator: "|").map(String.init)
            self.value = value
        }

        var testDescription: String {
            let text = value.map { String(decoding: $0.compactBytes, as: UTF8.self) }
            return "\(position): \(path.joined(separator: "|")) = \(text ?? "nothing")"
        }
    }

    private static func edits(
        _ positions: some Sequence<Position>, _ path: String, _ values: [JSONValue?]
    ) -> [Edit] {
        positions.flatMap { position in values.map { Edit(position, path, $0) } }
    }

    private static let wrong: [JSONValue?] = [nil, .null, true, -1, "", [], [:]]

    static let headers =
        edits(Position.metadata, "_type", wrong + ["Root", "offer", "mirrors"])
        + edits(Position.metadata, "spec_version", wrong + ["2.0", "0.9", "01.0", "x"])
        + edits(Position.metadata, "version", wrong + [0, "2", .integer(.max), .integer(.min)])
        + edits(
            Position.metadata, "expires",
            wrong + [
                "2100", "2100-01-01", "2100-01-01T00:00:00", "2100-01-01 00:00:00Z",
                "2100-13-01T00:00:00Z", "2100-02-30T00:00:00Z", "2100-01-01T25:00:00Z",
                "2100-01-01T00:00:00+01:00", "+2100-01-01T00:00:00Z", "99999-01-01T00:00:00Z",
                "never", 4_102_444_800,
            ])

    static let bodies =
        edits([.timestamp, .snapshot], "meta", [nil, .null, true, -1, "", []])
        + edits([.timestamp], "meta|snapshot.json", wrong)
        + edits([.timestamp], "meta|other.json", [["version": 1]])
        + edits([.timestamp], "meta|snapshot.json|version", wrong + [0, "2"])
        + edits([.timestamp], "meta|snapshot.json|length", [0, -1, "1", .integer(.min)])
        + edits(
            [.timestamp], "meta|snapshot.json|hashes",
            [[], [:], "", ["sha256": ""], ["sha256": "00"], ["sha256": 1], ["sha512": "ZZ"]])
        + edits([.snapshot], "meta|team.json", [.null, [], "", 1])
        + edits([.snapshot], "meta|targets.json|version", wrong + [0, "2"])
        + edits([.targets, .delegated], "targets", [nil, .null, true, -1, "", []])
        + edits([.targets, .delegated], "targets|x", [.null, true, 1, "", [], [:]])
        + edits([.targets], "targets|own.img|length", wrong + ["1", .integer(.min)])
        + edits([.targets], "targets|own.img|hashes", wrong + [["sha256": "00"], ["sha256": 0]])
        + edits([.targets, .delegated], "delegations", [true, 1, "", [], [:]])
        + edits([.root], "keys", [nil, .null, true, 1, "", []])
        + edits([.root], "keys|00", [.null, true, 1, "", [], [:]])
        + edits([.root], "roles", wrong)
        + edits([.root], "roles|timestamp", wrong)
        + edits([.root], "roles|root|threshold", wrong + [0, "1", 1001, .integer(.max)])
        + edits([.root], "roles|targets|keyids", [nil, .null, true, 1, "", [:], [1], ["x"], [""]])
        + edits([.root], "consistent_snapshot", [1, "true", [], [:]])

    @Test(arguments: Position.metadata)
    func isRefusedThoughItIsSigned(position: Position) throws {
        let edits = (Self.headers + Self.bodies).filter { $0.position == position }
        let role = try #require(position.role)
        try Self.expectRefusals(of: edits) { edit in
            try Repository.changed(role) { $0.editing(edit.path, to: edit.value) }
        }
    }

    /// Serves what each edit makes of the second version; nothing else notices the edit.
    private static func expectRefusals(
        of edits: [Edit], at location: SourceLocation = #_sourceLocation,
        making repository: (Edit) throws -> Repository
    ) throws {
        let first = try #require(edits.first)
        let attack = try Attack(at: first.position, listing: .nothing)
        let path = first.position.path(in: attack.repository)
        try attack.expectRefusals(
            of: edits.map { edit in
                let bytes = try #require(try repository(edit).files()[path])
                return .init(
                    name: "\(edit.testDescription)", answer: { _ in .ok(bytes) },
                    words: ["malformed"])
            }, at: location)
    }

    /// Members of one delegation.
    static let delegationEdits =
        edits(
            [.targets], "name",
            wrong + [
                "root", "timestamp", "snapshot", "targets", "a\u{0}b", "a\nb", "\u{7f}",
                "\u{1b}[31m",
                .string(String(repeating: "x", count: 81)),
            ])
        + edits([.targets], "threshold", wrong + [0, 1001])
        + edits([.targets], "keyids", [nil, .null, true, 1, "", [:], [1], [""]])
        + edits([.targets], "terminating", [nil, .null, 1, "", [], [:]])
        + edits([.targets], "paths", [nil, .null, true, 1, "", [:], [1], [.null]])
        + edits([.targets], "path_hash_prefixes", [["00"], []])

    @Test func isRefusedThoughItsDelegationIsSigned() throws {
        try Self.expectRefusals(of: Self.delegationEdits) { edit in
            try Repository.changed("targets") { targets in
                guard case .object(let delegations) = targets["delegations"],
                    case .array(let roles) = delegations["roles"],
                    case .object(let role)? = roles.first
                else { return targets }
                let new = JSONValue.object(role.editing(edit.path, to: edit.value))
                return targets.editing(["delegations", "roles"], to: [new])
            }
        }
    }

    static let bins =
        edits([.targets], "bit_length", wrong + [0, 33, 64, .integer(.max), "8"])
        + edits(
            [.targets], "name_prefix",
            [
                nil, .null, 1, [], [:], "a\nb", "\u{0}",
                .string(String(repeating: "x", count: 81)),
            ])
        + edits([.targets], "threshold", wrong + [0])
        + edits([.targets], "keyids", [nil, .null, 1, "", [:], [1]])

    @Test func isRefusedThoughItsBinsAreSigned() throws {
        let bins = try Repository.bins("bin", bitLength: 4)
        try Self.expectRefusals(of: Self.bins) { edit in
            try Repository.changed("targets") {
                $0.editing(["delegations"], to: bins)
                    .editing(["delegations", "succinct_roles"] + edit.path, to: edit.value)
            }
        }
    }

    /// Well-formed, signed, and an attack all the same.
    static let attacks: [(Edit, String)] = [
        (Edit(.timestamp, "expires", "2000-01-01T00:00:00Z"), "freeze attack"),
        (Edit(.snapshot, "expires", "2000-01-01T00:00:00Z"), "freeze attack"),
        (Edit(.targets, "expires", "2000-01-01T00:00:00Z"), "freeze attack"),
        (Edit(.delegated, "expires", "2000-01-01T00:00:00Z"), "freeze attack"),
        (Edit(.root, "version", 1), "mix-and-match attack"),
        (Edit(.root, "version", 3), "mix-and-match attack"),
        (Edit(.snapshot, "version", 1), "mix-and-match attack"),
        (Edit(.snapshot, "version", 3), "mix-and-match attack"),
        (Edit(.targets, "version", 1), "mix-and-match attack"),
        (Edit(.delegated, "version", 3), "mix-and-match attack"),
        (Edit(.snapshot, "meta|targets.json", nil), "rollback attack"),
        (Edit(.snapshot, "meta|team.json", nil), "rollback attack"),
        (Edit(.snapshot, "meta", [:]), "rollback attack"),
    ]

    @Test(arguments: attacks)
    func isRefusedAsTheAttackThatItIs(edit: Edit, words: String) throws {
        var attack = try Attack(at: edit.position, listing: .nothing)
        let role = try #require(edit.position.role)
        attack.repository.edits[role] = { $0.editing(edit.path, to: edit.value) }
        try attack.expectRefusal([words]) { .ok($0) }
    }
}

extension HostileDocument {
    fileprivate var attempt: Attack.Attempt {
        let spoil = spoil
        return Attack.Attempt(name: name) { .ok(spoil($0)) }
    }
}

extension Repository {
    /// The second version, in which `role` says something else under a good signature.
    fileprivate static func changed(
        _ role: String, _ edit: @escaping @Sendable (JSONObject) -> JSONObject
    ) throws -> Repository {
        var repository = try Repository.version(2, .nothing)
        repository.edits[role] = edit
        return repository
    }
}

import JSON
import Model
import OpenSSL
import Testing
import Trust

/// Metadata that is spoiled in every place, under good signatures.
@Suite struct MalformedMetadataTests {
    private func problem(_ subject: MetadataSubject, _ document: JSONObject) throws -> Refusal? {
        refusal { try subject.adopt(subject.signed(document)) }
    }

    private func isMalformed(_ refusal: Refusal?, _ role: RoleName) -> Bool {
        guard case .because(.malformed(role, _)) = refusal else { return false }
        return true
    }

    /// The paths of all members of all objects, except in what nobody reads.
    private func paths(of object: JSONObject, below path: [String] = []) -> [[String]] {
        object.members.flatMap { member -> [[String]] in
            let own = path + [member.key.text]
            guard case .object(let inner) = member.value else { return [own] }
            return [own] + paths(of: inner, below: own)
        }
    }

    @Test func isTakenUnspoiled() throws {
        for subject in try MetadataSubject.all() {
            try subject.adopt(subject.signed(subject.document))
        }
    }

    /// Each member is there for a reason, or it is known to be optional.
    @Test func isRefusedWithoutAnyOfItsMembers() throws {
        for subject in try MetadataSubject.all() {
            for path in paths(of: subject.document) {
                let name = path.joined(separator: ".")
                // A key's object may be absent; the key id then names nobody.
                if path.dropLast().last == "keys" { continue }
                let result = try problem(subject, subject.document.editing(path, to: nil))
                if isOptional(name, subject) {
                    #expect(result == nil, "\(subject.role) without \(name)")
                } else {
                    #expect(
                        isMalformed(result, subject.role), "\(subject.role) without \(name)")
                }
            }
        }
    }

    private func isOptional(_ name: String, _ subject: MetadataSubject) -> Bool {
        subject.optional.contains(name)
    }

    static let values: [JSONValue] = [
        .null, true, false, 0, 1, -1, .integer(.min), .integer(.max), "", "x", "1", [], [1], ["x"],
        [.null], [[]], [:], ["x": 1], ["": [:]],
    ]

    /// Members that are open: any value of their own kind may be a good one.
    private static func mayBeGood(_ value: JSONValue, for old: JSONValue, at name: String) -> Bool {
        switch (old, value) {
        case (.bool, .bool), (.integer, .integer): true
        // Lists and tables may be empty, or hold what nobody reads.
        case (.array, .array), (.object, .object): true
        // A name is a name, and a version may be "1".
        case (.string, .string):
            ["release", "version", "name", "spec_version", "keytype", "scheme"].contains {
                name.hasSuffix($0)
            }
        default: false
        }
    }

    @Test func isRefusedWithMembersOfAnotherType() throws {
        var count = 0
        for subject in try MetadataSubject.all() {
            for path in paths(of: subject.document) where path.first != "x-new" {
                let old = try #require(subject.document.at(path))
                let name = path.joined(separator: ".")
                for value in Self.values {
                    count += 1
                    let result = try problem(subject, subject.document.editing(path, to: value))
                    let isGood =
                        Self.mayBeGood(value, for: old, at: name)
                        || value == .null && isOptional(name, subject)
                            && !["targets.a", "meta.targets.json", "x-slipway-withdrawn.gone"]
                                .contains(name)
                    // Whatever it is, it is an answer and no trap.
                    guard !isGood else { continue }
                    #expect(
                        isMalformed(result, subject.role),
                        "\(subject.role) with \(name) = \(value.prettyText)")
                }
            }
        }
        #expect(count > 1000)
    }

    // MARK: - Other writings

    @Test func isRefusedWithAnyMemberTwice() throws {
        for subject in try MetadataSubject.all() {
            let value = try JSONValue(
                parsing: subject.signed(subject.document), limits: .standard(bytes: 20_000))
            let count = JSONRewriter.memberCount(value)
            #expect(count > 10)
            for place in 0..<count {
                let bytes = JSONRewriter.bytes(value, JSONRewriter(duplicated: place))
                #expect(
                    isMalformed(refusal { try subject.adopt(bytes) }, subject.role), "\(place)")
            }
        }
    }

    static let writings: [JSONRewriter] = [
        JSONRewriter(), JSONRewriter(space: " "), JSONRewriter(space: "\n\t \r"),
        JSONRewriter(escapesEverything: true), JSONRewriter(isBackwards: true),
        JSONRewriter(space: "\t", escapesEverything: true, isBackwards: true),
    ]

    /// Signatures cover the canonical form: how a document came to be written does not matter.
    @Test(arguments: writings.indices)
    func isTakenInAnyLegalWriting(index: Int) throws {
        for subject in try MetadataSubject.all() {
            let value = try JSONValue(
                parsing: subject.signed(subject.document), limits: .standard(bytes: 20_000))
            let bytes = JSONRewriter.bytes(value, Self.writings[index])
            // The longest of them go beyond our small limits.
            guard bytes.count <= Limits.tests.bytes(of: subject.role) else {
                let staged = try StagedMetadata(
                    parsing: bytes, of: subject.role, limits: .standard)
                #expect(staged.document == subject.document)
                continue
            }
            try subject.adopt(bytes)
        }
    }

    static let illegal: [@Sendable (String) -> String] = [
        { "\u{feff}" + $0 }, { $0 + "x" }, { $0 + "{}" }, { $0 + "\u{0}" }, { "[" + $0 + "]" },
        { String($0.dropLast()) }, { $0.replacing("\"version\":", with: "\"version\":+") },
        { $0.replacing("\"version\":", with: "\"version\":0") },
        { $0.replacing("\"version\":", with: "\"version\":1.0,\"x\":") },
        { $0.replacing("\"version\":", with: "\"version\":1e0,\"x\":") },
        { $0.replacing("\"version\":", with: "\"version\":99999999999999999999,\"x\":") },
        { $0.replacing("\"version\":", with: "\"version\":NaN,\"x\":") },
        { $0.replacing("\"version\":", with: "version:") },
        { $0.replacing("\"version\":", with: "'version':") },
        { $0.replacing("\"version\":", with: "/* */\"version\":") },
        { $0.replacing("\"_type\":", with: ",\"_type\":") },
        { $0.replacing("}}", with: "},}") }, { $0.replacing("\"_type\"", with: "\"\\_type\"") },
        { $0.replacing("\"_type\"", with: "\"\\ud800_type\"") },
        { $0.replacing("\"_type\"", with: "\"_ty\npe\"") },
        { $0.replacing("\"signed\"", with: "\"Signed\"") },
        { $0.replacing("\"signatures\"", with: "\"signature\"") },
        { $0.replacing("\"sig\"", with: "\"sign\"") },
        { $0.replacing("\"keyid\"", with: "\"key\"") },
        { String(repeating: "[", count: 2000) + $0 },
        { $0.replacing("\"_type\":", with: "\"x\":" + nested(64) + ",\"_type\":") },
    ]

    static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    @Test(arguments: illegal.indices)
    func isRefusedInAnyIllegalWriting(index: Int) throws {
        for subject in try MetadataSubject.all() {
            let text = String(decoding: try subject.signed(subject.document), as: UTF8.self)
            let spoiled = Self.illegal[index](text)
            #expect(spoiled != text, "the row must spoil something")
            let result = refusal { try subject.adopt(Array(spoiled.utf8)) }
            #expect(isMalformed(result, subject.role), "\(subject.role): \(spoiled.prefix(300))")
        }
    }

    @Test func isRefusedWithBytesThatAreNoText() throws {
        for subject in try MetadataSubject.all() {
            let good = try subject.signed(subject.document)
            let place = try #require(good.firstIndex(of: UInt8(ascii: "_")))
            for bad in [0x80, 0xc0, 0xed, 0xf5, 0xff, 0x00, 0x1f] as [UInt8] {
                var bytes = good
                bytes[place] = bad
                #expect(isMalformed(refusal { try subject.adopt(bytes) }, subject.role))
            }
        }
    }

    /// Hexadecimal has one written form, so a signature in capitals is none.
    @Test func countsNoSignatureInUpperCase() throws {
        for subject in try MetadataSubject.all() {
            let envelope = try FakeRepository.envelope(subject.signed(subject.document))
            let signatures = envelope.signatures.map { signature -> JSONValue in
                [
                    "keyid": .string(signature.keyID),
                    "sig": .string(Hex.encode(signature.bytes).uppercased()),
                ]
            }
            let bytes = JSONValue.object([
                "signed": envelope.signed, "signatures": .array(signatures),
            ]).compactBytes
            let threshold = FakeRepository.thresholds[subject.role, default: 1]
            #expect(
                refusal { try subject.adopt(bytes) }
                    == .because(
                        .tooFewSignatures(subject.role, valid: 0, threshold: threshold)))
        }
    }
}

extension JSONObject {
    /// The value at `path`, or `nil`.
    fileprivate func at(_ path: [String]) -> JSONValue? {
        guard let first = path.first, let value = self[first] else { return nil }
        guard path.count > 1 else { return value }
        guard case .object(let inner) = value else { return nil }
        return inner.at(Array(path.dropFirst()))
    }
}

import JSON
import Model
import OpenSSL
import Testing
import Trust

/// What is signed of one target, and the check of its bytes.
@Suite struct TargetFileTests {
    private static let content = Array("firmware".utf8)
    private static let sha256 = Hex.encode(hashing.digest(content, by: .sha256))
    private static let sha512 = Hex.encode(hashing.digest(content, by: .sha512))
    private static let other256 = String(repeating: "0", count: 64)
    private static let other512 = String(repeating: "0", count: 128)

    private func refreshed(_ target: JSONValue) throws -> TrustedSet {
        var repository = try FakeRepository()
        try repository.publish(.targets) { $0.editing("targets", "a", to: target) }
        var client = Client(new: repository)
        return try client.refresh(from: repository)
    }

    private func target(_ hashes: [String: String], length: Int64 = 8) throws -> TargetFile {
        let hashes = JSONObject(hashes.map { ($0.key, .string($0.value)) })
        let targets = try refreshed(["length": .integer(length), "hashes": .object(hashes)]).targets
        return try #require(targets?.files["a"])
    }

    /// Why `bytes`, arriving in these pieces, are not the target; `nil` when they are.
    private func refusal(
        of bytes: [UInt8], piece: Int = 3, by target: TargetFile
    ) throws -> TargetRefusal? {
        var check = TargetCheck(target, hashing: hashing)
        do throws(TargetRefusal) {
            for start in stride(from: 0, to: bytes.count, by: piece) {
                try check.update(Array(bytes[start..<min(start + piece, bytes.count)]))
            }
            try check.finish()
            return nil
        } catch { return error }
    }

    // MARK: - Digests

    @Test(arguments: [
        ["sha256": sha256], ["sha512": sha512], ["sha256": sha256, "sha512": sha512],
        ["sha256": sha256, "md5": "whatever"], ["sha512": sha512, "blake2b-256": ""],
    ])
    func takesTheBytesThatWereSigned(hashes: [String: String]) throws {
        for piece in [1, 3, 8, 100] {
            #expect(try refusal(of: Self.content, piece: piece, by: target(hashes)) == nil)
        }
    }

    @Test(
        arguments: [
            (["sha256": other256], .wrongDigest(.sha256, expected: other256)),
            (["sha512": other512], .wrongDigest(.sha512, expected: other512)),
            // Each one that is listed must match.
            (
                ["sha256": sha256, "sha512": other512], .wrongDigest(.sha512, expected: other512)
            ),
            (
                ["sha256": other256, "sha512": sha512], .wrongDigest(.sha256, expected: other256)
            ),
            (["md5": "00"], .noKnownHash), (["SHA256": sha256], .noKnownHash),
        ] as [([String: String], TargetRefusal)])
    func refusesOtherBytes(hashes: [String: String], expected: TargetRefusal) throws {
        #expect(try refusal(of: Self.content, by: target(hashes)) == expected)
    }

    @Test func refusesEverySingleBitThatIsChanged() throws {
        let target = try target(["sha256": Self.sha256])
        for bit in 0..<64 {
            var changed = Self.content
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(
                try refusal(of: changed, by: target)
                    == .wrongDigest(.sha256, expected: Self.sha256))
        }
    }

    @Test(
        arguments: [
            ([:], "hashes: expected at least one hash"),
            (["sha256": "ab"], "hashes.sha256: expected 64 lower-case hexadecimal digits"),
            (["sha256": ""], "hashes.sha256: expected 64 lower-case hexadecimal digits"),
            (
                ["sha256": .string(sha256.uppercased())],
                "hashes.sha256: expected 64 lower-case hexadecimal digits"
            ),
            (
                ["sha256": .string(sha256 + "00")],
                "hashes.sha256: expected 64 lower-case hexadecimal digits"
            ),
            (
                ["sha256": .string(sha512)],
                "hashes.sha256: expected 64 lower-case hexadecimal digits"
            ),
            (
                ["sha512": .string(sha256)],
                "hashes.sha512: expected 128 lower-case hexadecimal digits"
            ),
            (
                ["sha256": .string(sha256), "sha512": "zz"],
                "hashes.sha512: expected 128 lower-case hexadecimal digits"
            ),
            (["sha256": 1], "hashes.sha256: expected a string, found a number"),
            (["sha256": .null], "hashes.sha256: expected a string, found null"),
            (["md5": 1], "hashes.md5: expected a string, found a number"),
        ] as [(JSONValue, String)])
    func refusesHashes(hashes: JSONValue, problem: String) {
        #expect(
            TrustTests.refusal { try refreshed(["length": 8, "hashes": hashes]) }
                == .because(.malformed(.targets, problem: "targets.a.\(problem)")))
    }

    // MARK: - Lengths

    @Test func refusesMoreBytesAsSoonAsTheyArrive() throws {
        var check = try TargetCheck(target(["sha256": Self.sha256]), hashing: hashing)
        try check.update(Self.content)
        try check.update([])
        #expect(throws: TargetRefusal.tooLong(expected: 8)) { try check.update([0]) }
        var atOnce = try TargetCheck(target(["sha256": Self.sha256]), hashing: hashing)
        #expect(throws: TargetRefusal.tooLong(expected: 8)) {
            try atOnce.update(Self.content + [0])
        }
    }

    @Test(arguments: [0, 1, 7])
    func refusesFewerBytes(count: Int) throws {
        #expect(
            try refusal(
                of: Array(Self.content.prefix(count)), by: target(["sha256": Self.sha256]))
                == .tooShort(Int64(count), expected: 8))
    }

    /// The length counts although the digest would be right.
    @Test func refusesTheRightBytesOfAWrongLength() throws {
        #expect(
            try refusal(of: Self.content, by: target(["sha256": Self.sha256], length: 9))
                == .tooShort(8, expected: 9))
        #expect(
            try refusal(of: Self.content, by: target(["sha256": Self.sha256], length: 7))
                == .tooLong(expected: 7))
    }

    @Test func takesATargetWithoutBytes() throws {
        let empty = Hex.encode(hashing.digest([], by: .sha256))
        let target = try target(["sha256": empty], length: 0)
        #expect(try refusal(of: [], by: target) == nil)
        #expect(try refusal(of: [1], by: target) == .tooLong(expected: 0))
    }

    @Test func countsTheLongestTargetThereCanBe() throws {
        let target = try target(["sha256": Self.sha256], length: .max)
        #expect(try refusal(of: Self.content, by: target) == .tooShort(8, expected: .max))
    }

    @Test func saysWhatWasWrong() {
        let refusals: [(TargetRefusal, String)] = [
            (.tooLong(expected: 8), "more than the 8 bytes that were signed"),
            (.tooShort(3, expected: 8), "3 of the 8 bytes that were signed"),
            (.wrongDigest(.sha512, expected: "ab"), "not the bytes with sha512 ab"),
            (.noKnownHash, "signed without any digest"),
        ]
        for (refusal, text) in refusals { #expect("\(refusal)".hasPrefix(text)) }
    }

    // MARK: - Names

    @Test(arguments: [
        ("a", "X.a"), ("a/b", "a/X.b"), ("a/b/c.raw", "a/b/X.c.raw"), ("a/", "a/X."),
        ("/a", "/X.a"),
        ("é/ü", "é/X.ü"), ("", "X."), ("a/\u{301}b", "a/X.\u{301}b"),
    ])
    func standsInAConsistentRepositoryUnderItsDigest(path: String, published: String) throws {
        let both = try target(["sha256": Self.sha256, "sha512": Self.sha512])
        let only512 = try target(["sha512": Self.sha512])
        let unknown = try target(["md5": "00"])
        #expect(
            both.publishedPath(path, isConsistent: true)
                == published.replacing("X", with: Self.sha256))
        #expect(
            only512.publishedPath(path, isConsistent: true)
                == published.replacing("X", with: Self.sha512))
        #expect(unknown.publishedPath(path, isConsistent: true) == nil)
        for target in [both, only512, unknown] {
            #expect(target.publishedPath(path, isConsistent: false) == path)
        }
    }

    @Test func keepsWhatTheSignersAddedForOthers() throws {
        let target: JSONValue = [
            "length": 8, "hashes": ["sha256": .string(Self.sha256)], "custom": ["x": [1, 2]],
        ]
        let files = try refreshed(target).targets?.files
        #expect(files?["a"]?.custom == ["x": [1, 2]])
        #expect(files?["a"]?.hashes.sha256?.hex == Self.sha256)
        #expect("\(try #require(files?["a"]).hashes)" == "sha256 \(Self.sha256)")
        #expect(files?["b"] == nil)
    }

    // MARK: - The same rules for metadata

    /// Targets metadata that the snapshot lists by these digests.
    private func refusal(
        ofTargetsListedBy hashes: ([UInt8]) -> JSONValue
    ) throws -> Refusal? {
        var repository = try FakeRepository()
        let listed = hashes(try repository.bytes(of: .targets))
        try repository.publish(.snapshot) {
            $0.editing("meta", "targets.json", to: ["version": 1, "hashes": listed])
        }
        var client = Client(new: repository)
        return TrustTests.refusal { try client.refresh(from: repository) }
    }

    @Test(arguments: [[HashAlgorithm.sha256], [.sha512], [.sha256, .sha512]])
    func takesMetadataByEveryDigest(algorithms: [HashAlgorithm]) throws {
        func listed(_ bytes: [UInt8], spoiling spoiled: HashAlgorithm?) -> JSONValue {
            .object(
                JSONObject(
                    algorithms.map { algorithm in
                        var digest = hashing.digest(bytes, by: algorithm)
                        if algorithm == spoiled { digest[0] ^= 1 }
                        return (algorithm.rawValue, .string(Hex.encode(digest)))
                    }))
        }
        #expect(try refusal(ofTargetsListedBy: { listed($0, spoiling: nil) }) == nil)
        for algorithm in algorithms {
            #expect(
                try refusal(ofTargetsListedBy: { listed($0, spoiling: algorithm) })
                    == .wrongBytes(.targets))
        }
    }

    @Test func takesNoMetadataByAnUnknownDigestOnly() throws {
        #expect(try refusal(ofTargetsListedBy: { _ in ["md5": "00"] }) == .wrongBytes(.targets))
        #expect(
            try refusal(ofTargetsListedBy: { _ in [:] })
                == .because(
                    .malformed(
                        .snapshot, problem: "meta.targets.json.hashes: expected at least one hash"))
        )
    }
}

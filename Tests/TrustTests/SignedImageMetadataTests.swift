import JSON
import Model
import OpenSSL
import Testing
import Trust

/// An image as targets metadata has it.
@Suite struct SignedImageMetadataTests {
    @Test func comesBackFromTargetsAsItWasSigned() throws {
        let image = try image(
            hardware: ["gw-3", "gw-2"], from: ["2.4.0", "2.3.0"], counter: 7)
        var repository = try FakeRepository()
        try repository.publish(image)
        var client = Client(new: repository)
        let targets = try #require(try client.refresh(from: repository).targets)
        #expect(try targets.images() == [image.image.path: image])
    }

    static let formats: [Payload.Format] = [.zstd, .xz, .tar, .installer]

    /// What a compressed image reads as in its slot is signed, too, and is not the image.
    @Test(arguments: formats)
    func comesBackInEveryFormat(format: Payload.Format) throws {
        let raw = try image()
        let isCompressed = format == .zstd || format == .xz
        let payload = Payload(
            format: format, installedLength: isCompressed ? 99_999 : raw.image.length,
            installedSHA256: isCompressed
                ? try #require(Digest(bytes: Array(0..<32))) : raw.image.sha256)
        let image = try SignedImage(
            raw.image, release: raw.release, hardware: raw.hardware, from: [], counter: 1,
            payload: payload)
        var repository = try FakeRepository()
        try repository.publish(image)
        var client = Client(new: repository)
        let targets = try #require(try client.refresh(from: repository).targets)
        #expect(try targets.images() == [image.image.path: image])
    }

    @Test(arguments: [Payload.Format.raw, .tar, .installer])
    func whatTheSlotReadsAsMustBeTheImageOrCompressed(format: Payload.Format) throws {
        let raw = try image()
        let payload = Payload(
            format: format, installedLength: raw.image.length + 1,
            installedSHA256: raw.image.sha256)
        #expect(throws: SignedImage.Invalid.payload) {
            try SignedImage(
                raw.image, release: raw.release, hardware: raw.hardware, from: [], counter: 1,
                payload: payload)
        }
    }

    struct Spoiled: Sendable, CustomTestStringConvertible {
        let member: String
        let value: JSONValue?
        let problem: String

        init(_ member: String, _ value: JSONValue?, _ problem: String) {
            self.member = member
            self.value = value
            self.problem = problem
        }

        var testDescription: String { "\(member) that is not \(problem)" }
    }

    static let sha256 = String(repeating: "01", count: 32)
    static let sha512 = String(repeating: "02", count: 64)
    static let sha256Only = "targets.a.hashes: expected sha256 and no other digest for an image"

    static let spoiled: [Spoiled] = [
        Spoiled("format", nil, "a string, found nothing"),
        Spoiled(
            "format", "raw+lzma",
            "\"raw\", \"raw+zstd\", \"raw+xz\", \"tar\", \"installer\""),
        Spoiled("installed_size", nil, "a number, found nothing"),
        Spoiled("installed_size", "4096", "a number, found a string"),
        Spoiled("installed_size", 0, "a number from 1 to 9223372036854775807"),
        Spoiled("installed_size", 4095, "the length of the target"),
        Spoiled("release", nil, "a string, found nothing"),
        Spoiled("release", "a b", "a name"),
        Spoiled("version", nil, "a string, found nothing"),
        Spoiled("version", 2, "a string, found a number"),
        Spoiled("version", "two", "a version such as 2.4.1"),
        Spoiled("hardware", nil, "an array, found nothing"),
        Spoiled("hardware", "gw-2", "an array, found a string"),
        Spoiled("hardware", [], "at least one model"),
        Spoiled(
            "hardware", .array(Array(repeating: "a", count: 257)),
            "an array of at most 256 elements"),
        Spoiled("from", nil, "an array, found nothing"),
        Spoiled("from", "2.4.0", "an array, found a string"),
        Spoiled("installed_sha256", nil, "a string, found nothing"),
        Spoiled("installed_sha256", "", "the SHA-256 of the target"),
        Spoiled(
            "installed_sha256", .string(String(repeating: "02", count: 32)),
            "the SHA-256 of the target"),
        Spoiled("release_counter", nil, "a number, found nothing"),
        Spoiled("release_counter", "1", "a number, found a string"),
        Spoiled("release_counter", true, "a number, found true or false"),
        Spoiled("release_counter", .null, "a number, found null"),
        Spoiled("release_counter", 0, "a number from 1 to \(Int64.max - 1)"),
        Spoiled("release_counter", -1, "a number from 1 to \(Int64.max - 1)"),
        Spoiled("release_counter", .integer(.max), "a number from 1 to \(Int64.max - 1)"),
    ]

    /// Publishes two images, one of which `edit` has spoiled, under good signatures.
    private func repository(
        _ edit: @escaping (JSONObject) -> JSONObject
    ) throws -> FakeRepository {
        var repository = try FakeRepository()
        try repository.publish(image("a"))
        try repository.publish(image("b"))
        try repository.publish(.targets, edit: edit)
        return repository
    }

    /// What a client hears that looks for the spoiled image; the other one is as good as ever.
    private func refusal(
        _ edit: @escaping (JSONObject) -> JSONObject
    ) throws -> TrustError? {
        let repository = try repository(edit)
        var client = Client(new: repository)
        #expect(try client.find("b", in: repository)?.image() == image("b"))
        let found = try #require(try client.find("a", in: repository))
        let error = try #require(throws: MetadataRefusal.self) { try found.image() }
        #expect(error.file == "targets.json")
        #expect(throws: error.reason) {
            try PublishedRepository(
                repository.stored(), cryptography: cryptography, limits: .tests)
        }
        return error.reason
    }

    @Test(arguments: spoiled)
    func refusesAnImageWithASpoiled(row: Spoiled) throws {
        let error = try refusal {
            $0.editing("targets", "a", "custom", "slipway", row.member, to: row.value)
        }
        let path = "targets.a.custom.slipway.\(row.member)"
        #expect(error == .malformed(.targets, problem: "\(path): expected \(row.problem)"))
    }

    @Test(arguments: [("hardware", "gw 2"), ("from", ".1"), ("hardware", ""), ("from", "")])
    func refusesAnImageWithASpoiledEntry(member: String, entry: String) throws {
        let error = try refusal {
            $0.editing(
                "targets", "a", "custom", "slipway", member, to: ["1", .string(entry)])
        }
        #expect(
            error
                == .malformed(
                    .targets,
                    problem:
                        "targets.a.custom.slipway.\(member)[1]: expected a valid \(member) entry"
                ))
    }

    @Test(
        arguments: [
            ("length", 0, "targets.a.length: expected at least 1 byte for an image"),
            ("hashes", ["md5": "00"], sha256Only),
            ("hashes", ["sha512": .string(sha512)], sha256Only),
            (
                "hashes", ["sha256": .string(sha256), "sha512": .string(sha512)], sha256Only
            ),
        ] as [(String, JSONValue, String)])
    func refusesAnImageThatIsNotNamedByItsBytes(
        member: String, value: JSONValue, problem: String
    ) throws {
        let error = try refusal { $0.editing("targets", "a", member, to: value) }
        #expect(error == .malformed(.targets, problem: problem))
    }

    /// What TUF itself asks of every target is asked before anybody looks for one.
    @Test(
        arguments: [
            ("length", -1, "targets.a.length: expected a number from 0 to 9223372036854775807"),
            ("length", nil, "targets.a.length: expected a number, found nothing"),
            ("hashes", nil, "targets.a.hashes: expected an object, found nothing"),
            ("hashes", [:], "targets.a.hashes: expected at least one hash"),
            ("hashes", ["sha256": 1], "targets.a.hashes.sha256: expected a string, found a number"),
            ("hashes", ["md5": 1], "targets.a.hashes.md5: expected a string, found a number"),
            (
                "hashes", ["sha256": "ab"],
                "targets.a.hashes.sha256: expected 64 lower-case hexadecimal digits"
            ),
        ] as [(String, JSONValue?, String)])
    func refusesTargetsThatListATargetWithoutItsBytes(
        member: String, value: JSONValue?, problem: String
    ) throws {
        let repository = try repository { $0.editing("targets", "a", member, to: value) }
        var client = Client(new: repository)
        #expect(throws: TrustError.malformed(.targets, problem: problem)) {
            try client.find("b", in: repository)
        }
    }

    /// A repository may serve other things as well.
    @Test(
        arguments: [
            ["length": 0, "hashes": ["sha512": .string(sha512)]],
            ["length": 5, "hashes": ["md5": "00"], "custom": ["other": 1]],
            ["length": 5, "hashes": ["md5": "00"], "custom": .null],
        ] as [JSONValue])
    func passesOverTargetsThatAreNoImages(target: JSONValue) throws {
        var repository = try FakeRepository()
        try repository.publish(image("a"))
        try repository.publish(.targets) { $0.editing("targets", "readme.txt", to: target) }
        var client = Client(new: repository)
        let targets = try client.refresh(from: repository).targets
        #expect(try targets?.images().count == 1)
        #expect(targets?.files.count == 2)
    }

    /// No file system ever sees such a path: it names no image.
    @Test(arguments: ["../a", "/a", "a/../b", "a//b", "", "a\u{0}b", "é"])
    func passesOverAnImageWhosePathIsNotOne(path: String) throws {
        var repository = try FakeRepository()
        try repository.publish(image("a"))
        try repository.publish(.targets) {
            guard case .object(let targets) = $0["targets"], let entry = targets["a"] else {
                return $0
            }
            return $0.editing("targets", path, to: entry)
        }
        var client = Client(new: repository)
        let images = try client.refresh(from: repository).targets?.images()
        #expect(images?.keys.map(\.text) == ["a"])
    }
}

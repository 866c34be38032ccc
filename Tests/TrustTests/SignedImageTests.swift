import JSON
import Model
import OpenSSL
import Testing
import Trust

@Suite struct SignedImageTests {
    // MARK: - What a device refuses for itself

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var hardware = "gw-2"
        var running: String? = "acme-gateway 2.4.0"
        var newest: String? = "2.4.0"
        var from: [String] = []
        var mayDowngrade = false
        var refusal: Refused = .no

        enum Refused: Sendable { case no, hardware, downgrade, steppingStone }
    }

    static let table: [Row] = [
        Row(testDescription: "an upgrade"),
        Row(testDescription: "the same again", running: "acme-gateway 2.4.1", newest: "2.4.1"),
        Row(testDescription: "a device that knows nothing of itself", running: nil, newest: nil),
        Row(testDescription: "a first change of product", running: "other 9.0.0", newest: nil),
        Row(testDescription: "the wrong hardware", hardware: "gw-3", refusal: .hardware),
        Row(testDescription: "hardware in other letters", hardware: "GW-2", refusal: .hardware),
        Row(
            testDescription: "a downgrade", running: "acme-gateway 2.4.2", newest: "2.4.2",
            refusal: .downgrade),
        Row(
            testDescription: "a downgrade by a prerelease's width",
            running: "acme-gateway 2.4.2-rc.1",
            newest: "2.4.2-rc.1", refusal: .downgrade),
        Row(
            testDescription: "a downgrade after a detour over another product",
            running: "other 1.0.0", newest: "2.5.0", refusal: .downgrade),
        Row(
            testDescription: "a downgrade after a permitted one",
            running: "acme-gateway 2.3.0", newest: "2.5.0", refusal: .downgrade),
        Row(
            testDescription: "a downgrade of a device that cannot tell what it runs", running: nil,
            newest: "2.5.0", refusal: .downgrade),
        Row(
            testDescription: "a downgrade that the signers allow", running: "acme-gateway 2.4.2",
            newest: "2.4.2", mayDowngrade: true),
        Row(testDescription: "a version that may follow", from: ["2.3.9", "2.4.0"]),
        Row(
            testDescription: "a version that may not follow", from: ["2.3.9"],
            refusal: .steppingStone),
        Row(
            testDescription: "the right version of another product", running: "other 2.4.0",
            newest: nil, from: ["2.4.0"], refusal: .steppingStone),
        Row(
            testDescription: "an unknown version where only some may follow", running: nil,
            newest: nil, from: ["2.4.0"], refusal: .steppingStone),
        Row(
            testDescription: "a permitted downgrade still asks for its stepping stone",
            running: "acme-gateway 3.0.0", newest: "3.0.0", from: ["2.4.0"], mayDowngrade: true,
            refusal: .steppingStone),
    ]

    @Test(arguments: table)
    func decides(row: Row) throws {
        let image = try image(from: row.from, mayDowngrade: row.mayDowngrade)
        let running = try row.running.map(release)
        let newest = try row.newest.map(version)
        let refusal = image.refusal(
            by: try model(row.hardware), running: running, newest: newest)
        switch row.refusal {
        case .no: #expect(refusal == nil)
        case .hardware:
            #expect(
                refusal == .hardware(try model(row.hardware), allowed: [try model("gw-2")]))
        case .downgrade:
            #expect(refusal == .downgrade(to: image.release.version, from: try #require(newest)))
        case .steppingStone: #expect(refusal == .steppingStone(from: running, allowed: image.from))
        }
    }

    @Test func saysWhyItIsRefused() throws {
        let two: Set<HardwareModel> = [try model("gw-3"), try model("gw-2")]
        #expect(
            "\(SignedImage.Refusal.hardware(try model("gw-1"), allowed: two))"
                == "it is made for gw-2, gw-3, and this device is gw-1")
        #expect(
            "\(SignedImage.Refusal.steppingStone(from: nil, allowed: [try version("2.0")]))"
                == "it can follow only 2.0, and this device cannot tell what it runs")
        #expect(
            "\(SignedImage.Refusal.steppingStone(from: try release("a 1.0"), allowed: []))"
                .hasSuffix("this device runs a 1.0"))
        #expect(
            "\(SignedImage.Refusal.downgrade(to: try version("1.0"), from: try version("2.0")))"
                .hasPrefix("1.0 is older than 2.0"))
    }

    @Test func isNeverMadeForNoHardware() {
        #expect(throws: SignedImage.Invalid.noHardware) { try image(hardware: []) }
    }

    // MARK: - As targets metadata has it

    @Test func comesBackFromTargetsAsItWasSigned() throws {
        let image = try image(
            hardware: ["gw-3", "gw-2"], from: ["2.4.0", "2.3.0"], mayDowngrade: true)
        var repository = try FakeRepository()
        try repository.publish(image)
        var client = Client(new: repository)
        let targets = try #require(try client.refresh(from: repository).targets)
        #expect(targets.images == [image.image.path: image])
        #expect(targets.image(of: image.release, for: try model("gw-3")) == image)
        #expect(targets.image(of: image.release, for: try model("gw-4")) == nil)
        #expect(targets.image(of: try release("acme-gateway 2.4.2"), for: try model("gw-2")) == nil)
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

    static let spoiled: [Spoiled] = [
        Spoiled("payload", nil, "a string, found nothing"),
        Spoiled("payload", "raw+zstd", "\"raw\""),
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
        Spoiled("downgrade", nil, "true or false, found nothing"),
        Spoiled("downgrade", 1, "true or false, found a number"),
        Spoiled("downgrade", .null, "true or false, found null"),
    ]

    /// Publishes an image whose custom data `edit` has spoiled, under good signatures.
    private func refusal(
        _ edit: @escaping (JSONObject) -> JSONObject
    ) throws -> TrustError? {
        var repository = try FakeRepository()
        try repository.publish(image("a"))
        try repository.publish(.targets, edit: edit)
        var client = Client(new: repository)
        do {
            try client.refresh(from: repository)
            return nil
        } catch let error as TrustError { return error }
    }

    @Test(arguments: spoiled)
    func refusesTargetsWithASpoiled(row: Spoiled) throws {
        let error = try refusal {
            $0.editing("targets", "a", "custom", "slipway", row.member, to: row.value)
        }
        let path = "targets.a.custom.slipway.\(row.member)"
        #expect(error == .malformed(.targets, problem: "\(path): expected \(row.problem)"))
    }

    @Test(arguments: [("hardware", "gw 2"), ("from", ".1"), ("hardware", ""), ("from", "")])
    func refusesTargetsWithASpoiledEntry(member: String, entry: String) throws {
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
            ("length", -1, "targets.a.length: expected a number from 0 to 9223372036854775807"),
            ("length", nil, "targets.a.length: expected a number, found nothing"),
            ("hashes", nil, "targets.a.hashes: expected an object, found nothing"),
            ("hashes", [:], "targets.a.hashes.sha256: expected a string, found nothing"),
            (
                "hashes", ["sha256": "ab"],
                "targets.a.hashes.sha256: expected 64 lower-case hexadecimal digits"
            ),
        ] as [(String, JSONValue?, String)])
    func refusesAnImageWithoutItsBytes(
        member: String, value: JSONValue?, problem: String
    ) throws {
        let error = try refusal { $0.editing("targets", "a", member, to: value) }
        #expect(error == .malformed(.targets, problem: problem))
    }

    /// A repository may serve other things as well.
    @Test(
        arguments: [
            ["length": 0, "hashes": ["sha512": "00"]],
            ["length": 5, "hashes": ["sha256": "00"], "custom": ["other": 1]], [:],
        ] as [JSONValue])
    func passesOverTargetsThatAreNoImages(target: JSONValue) throws {
        var repository = try FakeRepository()
        try repository.publish(image("a"))
        try repository.publish(.targets) { $0.editing("targets", "readme.txt", to: target) }
        var client = Client(new: repository)
        #expect(try client.refresh(from: repository).targets?.images.count == 1)
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
        let images = try client.refresh(from: repository).targets?.images
        #expect(images?.keys.map(\.text) == ["a"])
    }
}

import Foundation
import Testing

/// python-tuf reads every kind of repository that we write, from the very first root on.
@Suite struct ReadByPythonTests {
    private let shop: Workshop

    init() throws { shop = try Workshop() }

    private static let keys = "acme/keys/offline"
    private static let rootKeys =
        "--key \(keys)/root-1.pem --key \(keys)/root-2.pem"

    /// Expects that python-tuf's client gets exactly these bytes, and finds each file good.
    private func expect(
        _ targets: [String: String], versions: [String: Int], signatures: [String: Int] = [:],
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let found = try shop.pythonFinds(Array(targets.keys))
        for (role, version) in versions {
            #expect(found.versions[role] == version, "\(role)", sourceLocation: location)
        }
        for (target, content) in targets {
            let info = try #require(found.targets[target], sourceLocation: location)
            #expect(info.error == nil, "\(target)", sourceLocation: location)
            #expect(info.content == content, "\(target)", sourceLocation: location)
            #expect(info.length == content.utf8.count, sourceLocation: location)
        }
        let counts = try shop.pythonChecksFiles()
        for (file, count) in signatures {
            #expect(counts[file] == count, "\(file)", sourceLocation: location)
        }
    }

    @Test func aPlainRepository() throws {
        try shop.slipway("repo init acme")
        let target = try shop.publish("gateway", "1.0.0")

        try expect(
            [target: "gateway 1.0.0"],
            versions: ["root": 1, "timestamp": 2, "snapshot": 2, "targets": 2],
            signatures: [
                "1.root.json": 3, "timestamp.json": 1, "2.snapshot.json": 1, "2.targets.json": 1,
            ])
        let info = try #require(try shop.pythonFinds([target]).targets[target])
        #expect(info.release?.contains("gateway") == true)
        #expect(info.hardware == ["gw-2"])
    }

    @Test func aRepositoryWhoseEveryKeyWasChanged() throws {
        try shop.slipway("repo init acme")
        let target = try shop.publish("gateway", "1.0.0")
        for role in ["targets", "snapshot", "timestamp"] {
            let old = try shop.keyID(of: role)
            let folder = role == "targets" ? "offline" : "online"
            try FileManager.default.moveItem(
                atPath: shop.path("acme/keys/\(folder)/\(role).pem"),
                toPath: shop.path("old-\(role).pem"))
            let new = "acme/keys/\(folder)/\(role).pem"
            try shop.slipway("key generate \(new) --type \(role == "targets" ? "p256" : "ed25519")")
            let signing = role == "targets" ? "--key \(new)" : ""
            try shop.slipway(
                "repo rotate \(role) --add \(new) --remove \(old) --repo acme"
                    + " \(Self.rootKeys) \(signing)")
        }
        try shop.slipway("key generate root-4.pem --type p256")
        try shop.slipway(
            "repo rotate root --add root-4.pem --threshold 3 --repo acme \(Self.rootKeys)"
                + " --key root-4.pem")
        // Everybody who is left, and who leaves, signs.
        for (number, threshold) in [(1, 3), (2, 2)] {
            let shown = try shop.slipway("key show \(Self.keys)/root-\(number).pem")
            let keyID = try #require(shown.split(separator: "\n").first?.split(separator: " ").last)
            let signing = (number...3).map { " --key \(Self.keys)/root-\($0).pem" }.joined()
            try shop.slipway(
                "repo rotate root --remove \(keyID) --threshold \(threshold) --repo acme"
                    + "\(signing) --key root-4.pem")
        }
        let second = try shop.publish("gateway", "1.1.0")

        try expect(
            [target: "gateway 1.0.0", second: "gateway 1.1.0"],
            versions: ["root": 7, "targets": 4],
            signatures: ["5.root.json": 3, "6.root.json": 4, "7.root.json": 3])
    }

    @Test func targetsThatSeveralKindsOfKeysSign() throws {
        for (name, kind) in [("one", "ed25519"), ("two", "p256"), ("three", "p256")] {
            try shop.slipway("key generate \(name).pem --type \(kind)")
        }
        try shop.slipway(
            "repo init acme --targets-key one.pem --targets-key two.pem --targets-key three.pem"
                + " --targets-threshold 2")
        let target = try shop.publish("gateway", "1.0.0", "--key two.pem --key three.pem")
        try expect([target: "gateway 1.0.0"], versions: [:], signatures: ["2.targets.json": 2])
        let second = try shop.publish("gateway", "1.0.1", "--key one.pem --key three.pem")
        try expect(
            [target: "gateway 1.0.0", second: "gateway 1.0.1"], versions: ["targets": 3],
            signatures: ["3.targets.json": 2])
    }

    @Test func delegationsWithinDelegations() throws {
        try shop.slipway("repo init acme")
        for name in ["edge", "eu", "last"] { try shop.slipway("key generate \(name).pem") }
        let targetsKey = "--key \(Self.keys)/targets.pem"
        try shop.slipway(
            "repo delegate edge --paths edge/*/* edge-eu/*/*.img --add edge.pem --repo acme"
                + " \(targetsKey) --key edge.pem")
        try shop.slipway(
            "repo delegate eu.1 --by edge --paths edge-eu/*/* --add eu.pem --terminating"
                + " --repo acme --key edge.pem --key eu.pem")
        try shop.slipway(
            "repo delegate last --paths last/*/* edge-eu/*/* --add last.pem --repo acme"
                + " \(targetsKey) --key last.pem")
        let targets = [
            try shop.publish("gateway", "1.0.0"),
            try shop.publish("edge", "1.0.0", "--role edge --key edge.pem"),
            try shop.publish("edge-eu", "1.0.0", "--role eu.1 --key eu.pem"),
            try shop.publish("last", "1.0.0", "--role last --key last.pem"),
        ]

        let contents = ["gateway 1.0.0", "edge 1.0.0", "edge-eu 1.0.0", "last 1.0.0"]
        try expect(
            Dictionary(uniqueKeysWithValues: zip(targets, contents)), versions: [:],
            signatures: ["3.edge.json": 1, "2.eu.1.json": 1, "2.last.json": 1])
        // The first role that ends the search keeps the ones after it from being asked.
        let found = try shop.pythonFinds(["edge-eu/9/edge-eu.img", "edge/9/x", "nobody/1/x"])
        #expect(found.targets.values.allSatisfy { $0.error == "None" })
    }

    @Test func withoutWhatWasWithdrawn() throws {
        try shop.slipway("repo init acme")
        let withdrawn = try shop.publish("gateway", "1.0.0")
        let kept = try shop.publish("gateway", "1.0.1")
        try shop.slipway("release withdraw gateway 1.0.0 --repo acme")

        try expect([kept: "gateway 1.0.1"], versions: ["targets": 4])
        #expect(try shop.pythonFinds([withdrawn]).targets[withdrawn]?.error == "None")
    }

    @Test func afterEverythingWasRenewed() throws {
        try shop.slipway("repo init acme")
        let target = try shop.publish("gateway", "1.0.0")
        try shop.slipway("repo refresh --repo acme")
        try shop.slipway("repo renew targets --repo acme --key \(Self.keys)/targets.pem")
        try shop.slipway("repo renew root --repo acme \(Self.rootKeys)")
        try expect(
            [target: "gateway 1.0.0"],
            versions: ["root": 2, "targets": 3, "snapshot": 5, "timestamp": 5])
    }

    /// A byte of any file that counts makes Python refuse what it made of it before.
    @Test(arguments: ["metadata/timestamp.json", "metadata/2.snapshot.json", "targets"])
    func butNotWhatSomebodyChanged(place: String) throws {
        try shop.slipway("repo init acme")
        let target = try shop.publish("gateway", "1.0.0")
        var file = shop.folder.appending(path: "acme/repository/\(place)")
        if place == "targets" {
            let folder = file.appending(path: "gateway/1.0.0")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            file = folder.appending(path: try #require(names.first))
        }
        var bytes = try Data(contentsOf: file)
        bytes[bytes.count - 5] ^= 1
        try bytes.write(to: file)

        let error = (try? shop.pythonFinds([target]))?.targets[target]?.error ?? "refresh"
        #expect(["LengthOrHashMismatchError", "refresh"].contains(error))
        #expect((error == "refresh") == (place != "targets"))
        #expect(throws: Workshop.PythonFailed.self) { try shop.pythonChecksFiles() }
    }
}

import Foundation
import Testing

/// Keys that never meet the repository: what is staged goes to them, and signatures come back.
@Suite struct AirGapTests {
    private let slipway: Slipway

    init() throws {
        slipway = try Slipway()
        try slipway.does("repo init acme --targets-keys 2 --targets-threshold 2")
        try FileManager.default.createDirectory(
            at: slipway.place("vault"), withIntermediateDirectories: false)
        for key in ["root-1", "root-2", "root-3", "targets-1", "targets-2"] {
            try FileManager.default.moveItem(
                at: slipway.place("acme/keys/offline/\(key).pem"),
                to: slipway.place("vault/\(key).pem"))
        }
    }

    /// Publishes without a key at hand that could sign all of it.
    private func stage(_ version: String = "1.0") throws {
        let end = try slipway.release(version, "--key vault/targets-1.pem")
        try #require(end.code == 0, "\(end.errors)")
        try slipway.does("repo discard targets --repo acme")
        _ = try slipway.release(version, "--key vault/targets-1.pem")
    }

    /// Carries the request to the keys and the signatures back to `name`.
    @discardableResult
    private func sign(_ name: String, with keys: String...) throws -> String {
        try slipway.does("repo export request.json --repo acme")
        try slipway.copy("request.json", to: "vault/request.json")
        let end = try slipway.run(
            ["key", "sign", "request.json", "--out", "signatures.json"]
                + keys.flatMap { ["--key", "\($0).pem"] }, in: slipway.place("vault"))
        try #require(end.code == 0, "\(end.errors)")
        try slipway.copy("vault/signatures.json", to: name)
        return end.output
    }

    @Test func signsAwayFromTheRepository() throws {
        let witness = try Witness(slipway)
        try stage()
        let shown = try sign("two.json", with: "targets-2")
        // The holder of the key sees what it signs.
        #expect(shown.contains("signed targets version 2"))
        #expect(shown.contains("gw/1.0/gw.img"))
        try witness.misses("gw/1.0/gw.img")
        #expect(
            try slipway.does("repo import two.json --repo acme") == "published targets version 2\n")
        try witness.sees(["gw/1.0/gw.img": "gw 1.0"])
    }

    /// A root with two old and two new keys wants four people, each of whom comes alone.
    @Test func importingOneOfTwoLeavesItStaged() throws {
        let witness = try Witness(slipway)
        for key in ["root-4", "root-5"] {
            try slipway.does("key generate vault/\(key).pem --public-key \(key).pub")
        }
        let leaving = try [2, 3].map { try slipway.keyID("vault/root-\($0).pem") }
        try slipway.does(
            "repo rotate root --add root-4.pub --add root-5.pub --remove \(leaving[0]) --remove"
                + " \(leaving[1]) --repo acme")
        #expect(try slipway.status().missing == ["root": [2, 2]])
        for (key, missing) in [("root-2", [1, 2]), ("root-4", [1, 1]), ("root-1", [0, 0])] {
            try sign("\(key).json", with: key)
            try slipway.does("repo import \(key).json --repo acme")
            #expect(try slipway.status().missing == (missing == [0, 0] ? [:] : ["root": missing]))
        }
        #expect(try slipway.status().version("root") == 2)
        try witness.sees([:])
    }

    @Test func takesSeveralFilesAtOnce() throws {
        try slipway.does("repo renew targets --repo acme")
        try sign("one.json", with: "targets-1")
        try sign("two.json", with: "targets-2")
        try slipway.does("repo import one.json two.json --repo acme")
        #expect(try slipway.status().version("targets") == 2)
        try Witness(slipway).sees([:])
    }

    @Test func takesASignatureTwiceForOne() throws {
        try slipway.does("repo renew targets --repo acme")
        try sign("one.json", with: "targets-1")
        try edit("one.json", as: "twice.json") { $0 + $0 }
        try slipway.does("repo import twice.json one.json --repo acme")
        #expect(try slipway.status().missing == ["targets": [1]])
        try slipway.changesNothing { try slipway.does("repo import one.json --repo acme") }
    }

    /// Signatures as they were carried back, with members that are others.
    private func edit(
        _ name: String, as new: String, type: String = "slipway-signatures",
        _ change: ([[String: String]]) -> [[String: String]]
    ) throws {
        struct File: Codable {
            var type: String
            var signatures: [[String: String]]

            enum CodingKeys: String, CodingKey {
                case type = "_type"
                case signatures
            }
        }
        var file = try JSONDecoder().decode(File.self, from: slipway.data(name))
        file.type = type
        file.signatures = change(file.signatures)
        try JSONEncoder().encode(file).write(to: slipway.place(new))
    }

    private func edit(_ member: String, _ change: @escaping (String) -> String) throws {
        try edit("two.json", as: "bad.json") { signatures in
            signatures.map { $0.merging([member: change($0[member] ?? "")]) { $1 } }
        }
    }

    @Test func refusesSignaturesThatAreNotWhatIsWanted() throws {
        try stage()
        try sign("two.json", with: "targets-2")
        let other = try slipway.keyID("vault/targets-1.pem")
        let imports = "repo import bad.json --repo acme"
        try slipway.changesNothing {
            try edit("sig") { "\($0.dropLast(2))\($0.hasSuffix("00") ? "01" : "00")" }
            try slipway.refuses(imports, 65, "is not one over this metadata")
            try edit("sig") { String($0.dropLast(2)) }
            try slipway.refuses(imports, 65, "is not one over this metadata")
            try edit("keyid") { _ in other }
            try slipway.refuses(imports, 65, "is not one over this metadata")
            try edit("keyid") { _ in String(repeating: "0", count: 64) }
            try slipway.refuses(imports, 65, "none of those that may sign targets")
            try edit("role") { _ in "root" }
            try slipway.refuses(imports, 65, "nothing of root waits")
            try edit("sig") { _ in "no digits" }
            try slipway.refuses(imports, 65, "bad.json: ")
            try edit("two.json", as: "bad.json", type: "something-else") { $0 }
            try slipway.refuses(imports, 65, "slipway-signatures")
            try slipway.refuses("repo import request.json --repo acme", 65, "slipway-signatures")
            try slipway.refuses("repo import nowhere.json --repo acme", 66, "no such file")
            // One bad file spoils those that come with it.
            try edit("keyid") { _ in other }
            try slipway.refuses("repo import two.json bad.json --repo acme", 65, "not one over")
        }
        try slipway.does("repo import two.json --repo acme")
        try slipway.refuses("repo import two.json --repo acme", 65, "nothing of targets waits")
        try Witness(slipway).sees(["gw/1.0/gw.img": "gw 1.0"])
    }

    /// What was signed is not what waits any more.
    @Test func refusesSignaturesOverAnOlderDraft() throws {
        try stage()
        try sign("old.json", with: "targets-2")
        _ = try slipway.release("1.1", "--key vault/targets-1.pem")
        try slipway.changesNothing {
            try slipway.refuses("repo import old.json --repo acme", 65, "older draft")
        }
        try slipway.does("repo discard targets --repo acme")
        try slipway.refuses("repo import old.json --repo acme", 65, "nothing of targets waits")
    }

    /// Somebody on the way puts another image into the request.
    @Test func aRequestThatWasChangedOnTheWaySignsNothingThatWaits() throws {
        try stage()
        try slipway.does("repo export request.json --repo acme")
        let text = String(decoding: try slipway.data("request.json"), as: UTF8.self)
        let digest = try #require(text.firstMatch(of: /installed_sha256\\":\\"([0-9a-f]{64})/)).1
        let other = String(digest.prefix(1) == "0" ? "1" : "0") + digest.dropFirst()
        let file = try slipway.file("bad.json", text.replacing(digest, with: other))
        try slipway.does("key sign \(file) --out bad-signatures.json --key vault/targets-2.pem")
        try slipway.changesNothing {
            try slipway.refuses(
                "repo import bad-signatures.json --repo acme", 65, "not one over this metadata")
        }
    }

    @Test func refusesKeysThatMaySignNothing() throws {
        try stage()
        try slipway.does("repo export request.json --repo acme")
        try slipway.does("key generate stranger.pem")
        try slipway.refuses(
            "key sign request.json --out none.json --key stranger.pem", 77,
            "none of the keys may sign")
        #expect(!slipway.exists("none.json"))
        try slipway.refuses(
            "key sign acme/repository/metadata/1.root.json --out none.json --key stranger.pem", 65,
            "_type")
        try slipway.changesNothing {
            try slipway.refuses(
                "repo sign --repo acme --key stranger.pem", 77, "may sign nothing")
        }
    }
}

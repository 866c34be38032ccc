import Foundation
import Testing

/// Root 2-of-3 and targets 2-of-2: everybody signs in turn, and everybody sees who is missing.
@Suite struct CeremonyTests {
    private let slipway: Slipway

    init() throws {
        slipway = try Slipway()
        try slipway.does(
            "repo init acme --root-keys 3 --root-threshold 2 --targets-keys 2"
                + " --targets-threshold 2")
    }

    private static let first = "--key acme/keys/offline/targets-1.pem"
    private static let second = "--key acme/keys/offline/targets-2.pem"

    @Test func publishingWaitsForTheSecondSignature() throws {
        let witness = try Witness(slipway)
        let ids = try [1, 2].map { try slipway.keyID("acme/keys/offline/targets-\($0).pem") }
        try witness.sees([:])

        let waits = try slipway.release("1.0", Self.first)

        #expect(waits.code == 0, "\(waits.errors)")
        #expect(waits.output.contains("waits for signatures"))
        try witness.misses("gw/1.0/gw.img")
        let staged = try slipway.status().staged("targets")
        #expect(staged.version == 2)
        #expect(staged.current)
        #expect(staged.signatures.count == 1)
        #expect(staged.signatures.first?.threshold == 2)
        #expect(staged.signatures.first?.missing == 1)
        #expect(staged.signatures.first?.signed == [ids[0]])
        #expect(staged.signatures.first?.may_sign == [ids[1]])
        let text = try slipway.does("repo status --repo acme")
        #expect(text.contains("staged targets version 2, expires "))
        #expect(text.contains("keys of targets: 1 more of 2 needed"))
        #expect(text.contains("  signed   \(ids[0])"))
        #expect(text.contains("  may sign \(ids[1])"))

        let done = try slipway.does("repo sign --repo acme \(Self.second)")

        #expect(done == "published targets version 2\n")
        #expect(try slipway.status().staged.isEmpty)
        #expect(try slipway.files("acme/staged").isEmpty)
        try witness.sees(["gw/1.0/gw.img": "gw 1.0"])
        try slipway.refuses("repo sign --repo acme \(Self.first)", 65, "nothing is staged")
    }

    /// The same person twice is one person.
    @Test func oneKeyDoesNotSignForTwo() throws {
        _ = try slipway.release("1.0", "\(Self.first) \(Self.first)")
        try slipway.changesNothing {
            try slipway.does("repo sign --repo acme \(Self.first)")
        }
        #expect(try slipway.status().missing == ["targets": [1]])
    }

    @Test func severalReleasesWaitTogether() throws {
        let witness = try Witness(slipway)
        _ = try slipway.release("1.0", Self.first)
        _ = try slipway.release("1.1", Self.first)
        #expect(try slipway.status().missing == ["targets": [1]])
        try slipway.does("repo sign --repo acme \(Self.second)")
        try witness.sees(["gw/1.0/gw.img": "gw 1.0", "gw/1.1/gw.img": "gw 1.1"])
        #expect(try slipway.status().version("targets") == 2)
    }

    /// What can never be published must not wait to be signed.
    @Test func oneVersionDoesNotWaitTwice() throws {
        _ = try slipway.release("1.0", Self.first)
        try slipway.changesNothing {
            try slipway.refuses(
                "release publish \(try slipway.file("other.img", "other bytes")) --name gw"
                    + " --version 1.0 --hardware gw-2 --repo acme \(Self.first)",
                65, "already has an image")
        }
        try slipway.does("repo sign --repo acme \(Self.second)")
    }

    @Test func discardingForgetsWhatWaits() throws {
        _ = try slipway.release("1.0", Self.first)
        try slipway.does("repo discard targets --repo acme")
        #expect(try slipway.status().staged.isEmpty)
        try slipway.refuses(
            "repo discard targets --repo acme", 65, "nothing is staged of targets")
        try slipway.refuses("repo discard nobody --repo acme", 65, "nothing is staged of nobody")
        try slipway.refuses("repo export request.json --repo acme", 65, "nothing is staged")
        _ = try slipway.release("1.0", "\(Self.first) \(Self.second)")
        try Witness(slipway).sees(["gw/1.0/gw.img": "gw 1.0"])
    }

    @Test func tellsWhatExpiresSoon() throws {
        struct Row {
            let within: String?
            let code: Int32
            let due: [String]
        }
        let table = [
            Row(within: nil, code: 0, due: []),
            Row(within: "1d", code: 1, due: ["timestamp"]),
            Row(within: "7d", code: 1, due: ["snapshot", "timestamp"]),
            Row(within: "180d", code: 1, due: ["snapshot", "targets", "timestamp"]),
            Row(
                within: "365d", code: 1,
                due: ["offer", "root", "snapshot", "targets", "timestamp"]),
        ]
        for row in table {
            let options = row.within.map { ["--expires-within", $0] } ?? []
            let json = try slipway.run(["repo", "status", "--repo", "acme", "--json"] + options)
            #expect(json.code == row.code)
            let status = try JSONDecoder().decode(
                RepositoryStatus.self, from: Data(json.output.utf8))
            #expect(status.roles.filter(\.due).map(\.role).sorted() == row.due)
            let text = try slipway.run(["repo", "status", "--repo", "acme"] + options)
            #expect(text.code == row.code)
            let renew = text.output.matches(of: /RENEW (\w+): it expires/)
            #expect(renew.map { String($0.1) }.sorted() == row.due)
        }
        #expect(try slipway.run(["repo", "status", "--expires-within", "soon"]).code == 64)
    }

    /// Stale metadata is refused by clients; the keeper can still read and renew it.
    @Test func renewsWhatHasExpired() throws {
        let witness = try Witness(slipway)
        _ = try slipway.release("1.0", "\(Self.first) \(Self.second)")
        slipway.environment["SOURCE_DATE_EPOCH"] = "1600000000"
        try slipway.does("repo renew targets --repo acme \(Self.first)")
        slipway.environment = [:]
        // Nobody is made to publish what has expired already.
        try slipway.refuses("repo sign --repo acme \(Self.second)", 65, "expired")
        try slipway.does("repo renew targets --repo acme \(Self.first) \(Self.second)")
        try slipway.does("repo refresh --repo acme --expires-snapshot 30d")
        #expect(try slipway.status().version("targets") == 3)
        #expect(
            try slipway.run(["repo", "status", "--repo", "acme", "--expires-within", "20d"])
                .output.contains("RENEW snapshot") == false)
        try slipway.does("repo renew root --repo acme \(Slipway.rootKeys)")
        #expect(try slipway.status().version("root") == 2)
        try witness.sees(["gw/1.0/gw.img": "gw 1.0"])
        try slipway.refuses("repo renew snapshot --repo acme", 65, "lists no targets")
    }
}

import Foundation
import Testing

/// What a version is once it is published, it stays.
@Suite struct RepublishTests {
    private let slipway: Slipway
    private let witness: Witness
    private static let published = ["gw/1.0/gw.img": "gw 1.0"]

    init() throws {
        slipway = try Slipway()
        try slipway.does("repo init acme")
        witness = try Witness(slipway)
        let end = try slipway.release("1.0", "")
        try #require(end.code == 0, "\(end.errors)")
    }

    @Test func repeatingItChangesNotOneByte() throws {
        try slipway.changesNothing {
            let end = try slipway.release("1.0", "")
            #expect(end.code == 0, "\(end.errors)")
            #expect(end.output.contains("gw 1.0 is already published"))
        }
        try witness.sees(Self.published)
    }

    @Test func otherBytesAreRefused() throws {
        try slipway.changesNothing {
            let end = try slipway.release("1.0", "", content: "other")
            #expect(end.code == 65)
            #expect(end.errors.contains("cannot be changed; use a new version"), "\(end.errors)")
            let other = try slipway.file("other.img", "other")
            try slipway.refuses(
                "release publish \(other) --name gw --version 1.0 --hardware gw-2 --repo acme", 65,
                "already has an image")
        }
        try witness.sees(Self.published)
    }

    @Test func otherConditionsAreRefused() throws {
        try slipway.changesNothing {
            let end = try slipway.release("1.0", "--hardware gw-3")
            #expect(end.code == 65, "\(end.output)")
            let from = try slipway.release("1.0", "--from 0.9")
            #expect(from.code == 65, "\(from.output)")
        }
    }

    @Test func whatIsWithdrawnIsNowhere() throws {
        _ = try slipway.release("1.1", "")
        let image = try slipway.file("1.0.img", "gw 1.0")
        try slipway.does("verify \(image) --repo acme")

        let said = try slipway.does("release withdraw gw 1.0 --repo acme")

        #expect(said == "gw 1.0 is withdrawn\n  gw/1.0/gw.img\n")
        #expect(try slipway.run(["verify", image, "--repo", "acme"]).code == 1)
        try witness.misses("gw/1.0/gw.img")
        try witness.sees(["gw/1.1/gw.img": "gw 1.1"])
        try slipway.changesNothing {
            #expect(
                try slipway.does("release withdraw gw 1.0 --repo acme")
                    == "gw 1.0 is already withdrawn\n")
            for content in ["gw 1.0", "other"] {
                let end = try slipway.release("1.0", "", content: content)
                #expect(end.code == 65, "\(content): \(end.output)")
                #expect(end.errors.contains("was withdrawn"), "\(end.errors)")
            }
            let other = try slipway.file("other.img", "other")
            try slipway.refuses(
                "release publish \(other) --name gw --version 1.0 --hardware gw-2 --repo acme", 65,
                "was withdrawn")
            try slipway.refuses("release withdraw gw 9 --repo acme", 66, "gw 9")
            try slipway.refuses("release withdraw none 1.0 --repo acme", 66, "none 1.0")
        }
    }

    @Test func oneModelsImageIsWithdrawnAlone() throws {
        let image = try slipway.file("three.img", "for gw-3")
        try slipway.does(
            "release publish \(image) --name gw --version 1.0 --hardware gw-3 --repo acme")
        try slipway.does("release withdraw gw 1.0 --hardware gw-2 --repo acme")
        try witness.misses("gw/1.0/gw.img")
        try witness.sees(["gw/1.0/three.img": "for gw-3"])
    }

    @Test func withdrawingWaitsForSignaturesToo() throws {
        try slipway.does("key generate second.pem")
        try slipway.does(
            "repo rotate targets --add second.pem --threshold 2 --repo acme \(Slipway.rootKeys)"
                + " \(Slipway.targetsKey) --key second.pem")
        let said = try slipway.does("release withdraw gw 1.0 --repo acme \(Slipway.targetsKey)")
        #expect(said.contains("waits for signatures"))
        try witness.sees(Self.published)
        try slipway.does("repo sign --repo acme --key second.pem")
        try witness.misses("gw/1.0/gw.img")
    }

    private func counter(_ version: String, _ options: String) throws -> Int {
        struct Said: Decodable { let release_counter: Int }
        let end = try slipway.release(version, "--json \(options)")
        try #require(end.code == 0, "\(end.errors)")
        return try JSONDecoder().decode(Said.self, from: Data(end.output.utf8)).release_counter
    }

    /// The counter decides which way devices may go; the bytes stay what they were.
    @Test func aDowngradeRaisesTheCounterOfWhatIsPublished() throws {
        #expect(try counter("1.1", "") == 1)
        #expect(try counter("1.2", "") == 1)
        #expect(try counter("1.0", "--allow-downgrade") == 2)
        let everything = ["1.0", "1.1", "1.2"].map { ("gw/\($0)/gw.img", "gw \($0)") }
        try witness.sees(Dictionary(uniqueKeysWithValues: everything))
        // Asking once more raises nothing, with the flag or without it.
        try slipway.changesNothing {
            let again = try ["--allow-downgrade", ""].map { try counter("1.0", $0) }
            #expect(again == [2, 2])
        }
        // A new release follows its version again, and going back once more comes after all.
        #expect(try counter("1.3", "") == 2)
        #expect(try counter("1.1", "--allow-downgrade") == 3)
    }
}

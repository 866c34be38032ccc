import Foundation
import Testing

/// Commands that end anywhere, and are repeated.
@Suite struct InterruptedTests {
    private let slipway: Slipway
    private let strike: Strike
    private static let old = "gw/1.0/gw.img"
    private static let new = "gw/1.1/gw.img"

    init() throws {
        slipway = try Slipway()
        strike = try Strike(slipway)
        try slipway.does("repo init acme")
        let end = try slipway.release("1.0", "")
        try #require(end.code == 0, "\(end.errors)")
    }

    /// Strikes `command` at every one of its changes, each time from the same beginning.
    ///
    /// - Returns: How many changes there are.
    private func everywhere(
        _ kind: Strike.Kind, _ command: () throws -> Slipway.End,
        check: (_ number: Int, _ struck: Slipway.End) throws -> Void
    ) throws -> Int {
        try slipway.copy("acme", to: "beginning")
        let count = try strike.count(slipway, command)
        for number in 1...count {
            try slipway.copy("beginning", to: "acme")
            let end = try strike.strike(slipway, kind, at: number, command)
            try check(number, end)
        }
        return count
    }

    @Test(arguments: Strike.Kind.allCases)
    func publishingIsRepeatedFromAnywhere(kind: Strike.Kind) throws {
        let count = try everywhere(kind) {
            try slipway.release("1.1", "")
        } check: { number, struck in
            #expect([0, kind == .kill ? 9 : 73].contains(struck.code), "\(struck.errors)")
            // Complete, old or new; whatever is named is there.
            let witness = try Witness(slipway)
            let seen = try witness.everything()
            #expect(seen == [Self.old] || seen == [Self.old, Self.new], "\(kind) \(number)")
            if struck.code == 0 { #expect(seen == [Self.old, Self.new], "\(kind) \(number)") }

            let again = try slipway.release("1.1", "")
            #expect(again.code == 0, "\(kind) \(number): \(again.errors)")
            #expect(try witness.everything() == [Self.old, Self.new], "\(kind) \(number)")
            #expect(try leftovers() == [], "\(kind) \(number)")
            let status = try slipway.status()
            #expect(try status.version("targets") == 3, "\(kind) \(number)")
            #expect(status.staged.isEmpty, "\(kind) \(number)")
        }
        #expect(count >= 20)
    }

    /// Files in the repository that no client ever asks for.
    private func leftovers() throws -> [String] {
        try ["metadata", "targets"].flatMap { place in
            let folder = slipway.folder.appending(path: "acme/repository/\(place)")
            return try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0.hasPrefix(".") }
        }
    }

    @Test func withdrawingIsRepeatedFromAnywhere() throws {
        let count = try everywhere(.kill) {
            try slipway.run(["release", "withdraw", "gw", "1.0", "--repo", "acme"])
        } check: { number, struck in
            let witness = try Witness(slipway)
            let seen = try witness.everything()
            #expect(seen == [Self.old] || seen == [], "\(number)")
            try slipway.does("release withdraw gw 1.0 --repo acme")
            #expect(try witness.everything() == [], "\(number)")
        }
        #expect(count >= 10)
    }

    /// Clients may have to wait for the end of it, but the keeper can always bring it about.
    @Test func rotatingAnOnlineKeyIsRepeatedFromAnywhere() throws {
        let old = try slipway.keyID("acme/keys/online/timestamp.pem")
        try slipway.does("key generate new.pem")
        try slipway.copy("new.pem", to: "acme/keys/online/timestamp.pem")
        let new = try slipway.keyID("new.pem")
        let command =
            "repo rotate timestamp --add new.pem --remove \(old) --repo acme \(Slipway.rootKeys)"
        let first = try slipway.data("acme/repository/metadata/1.root.json")
        let count = try everywhere(.kill) {
            try slipway.run(command.split(separator: " ").map(String.init))
        } check: { number, _ in
            let isThere = slipway.exists("acme/repository/metadata/2.root.json")
            if isThere {
                try slipway.does("repo refresh --repo acme")
            } else if try slipway.files("acme/staged")["root.json"] != nil {
                // Staged, and signed by everybody: nobody has to sign again.
                try slipway.does("repo sign --repo acme")
            } else {
                try slipway.does(command)
            }
            let witness = try Witness(slipway)
            #expect(try witness.everything() == [Self.old], "\(number)")
            let status = try slipway.status()
            #expect(status.staged.isEmpty, "\(number)")
            #expect(try status.version("root") == 2, "\(number)")
            #expect(try status.role("timestamp").signers.first?.keys == [new])
            #expect(try slipway.data("acme/repository/metadata/1.root.json") == first)
        }
        #expect(count >= 10)
    }

    /// The program that signs kills the one that asked it to.
    @Test func publishingIsRepeatedAfterAKillWhileSigning() throws {
        try slipway.copy("acme/keys/offline/targets.pem", to: "key.pem")
        try slipway.does("key show key.pem --public-key key.pub")
        let killing = try slipway.signingProgram(
            "killing", key: "key", before: "kill -9 $PPID; exit 0")
        let signing = try slipway.signingProgram("signing", key: "key")
        let image = try slipway.file("gw.img", "gw 1.1")
        let publish = [
            "release", "publish", image, "--name", "gw", "--version", "1.1", "--hardware", "gw-2",
            "--repo", "acme", "--key",
        ]
        let metadata = try slipway.files("acme/repository/metadata")

        #expect(try slipway.run(publish + [killing]).code == 9)

        #expect(try slipway.files("acme/repository/metadata") == metadata)
        #expect(try slipway.status().staged.isEmpty)
        let witness = try Witness(slipway)
        #expect(try witness.everything() == [Self.old])
        let again = try slipway.run(publish + [signing])
        #expect(again.code == 0, "\(again.errors)")
        #expect(try witness.everything() == [Self.old, Self.new])
    }
}

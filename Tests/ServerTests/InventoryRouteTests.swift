import Curl
import Foundation
import Model
import OpenSSL
import TestSupport
import Testing
import Wire

/// `slipway inventory` and the routes that it uses.
@Suite struct InventoryRouteTests {
    private func slipway(
        _ server: ServerProcess, _ arguments: String...
    ) throws -> (code: Int32, words: String) {
        try ServerProcess.run(
            "slipway",
            arguments + [
                "--server", server.url, "--token-file",
                server.folder.appending(path: "data/operator-token").path,
            ])
    }

    private func file(_ server: ServerProcess, _ name: String, _ text: String) throws -> String {
        let file = server.folder.appending(path: name)
        try Data(text.utf8).write(to: file)
        return file.path
    }

    @Test func takesAHundredThousandRowsInOneGoAndTellsWhichItRefused() throws {
        let server = try ServerProcess()
        var text = "id,hardware,attributes.site\n"
        for number in 0..<100_000 {
            text += number % 10_000 == 77 ? "gw \(number),gw-2,x\n" : "gw-\(number),gw-2,berlin\n"
        }
        let path = try file(server, "fleet.csv", text)

        let first = try slipway(server, "inventory", "import", path)
        #expect(first.code == 1)
        #expect(first.words.hasSuffix("99990 added, 0 changed, 0 as they were, 10 refused\n"))
        #expect(first.words.hasPrefix("line 79: id: expected"))
    }

    @Test func takesInAgainWhatItExported() throws {
        let server = try ServerProcess()
        let text = (0..<2500).map { "{\"id\":\"gw-\($0)\",\"attributes\":{\"site\":\"x\"}}\n" }
            .joined()
        let path = try file(server, "fleet.jsonl", text)
        let first = try slipway(server, "inventory", "import", path)
        #expect(first.words == "2500 added, 0 changed, 0 as they were, 0 refused\n")

        for format in ["json", "csv"] {
            let export = try slipway(server, "inventory", "export", "--format", format)
            #expect(export.code == 0)
            let copy = try file(server, "copy.\(format)", export.words)
            let same = try slipway(server, "inventory", "import", copy)
            #expect(same.words == "0 added, 0 changed, 2500 as they were, 0 refused\n")
        }
    }

    @Test func aDryRunStoresNothing() throws {
        let server = try ServerProcess()
        let path = try file(server, "fleet.json", #"[{"id":"gw-1"}]"#)
        let trial = try slipway(server, "inventory", "import", path, "--dry-run")
        #expect(
            trial.words == "1 added, 0 changed, 0 as they were, 0 refused; nothing was stored\n")
        let export = try slipway(server, "inventory", "export")
        #expect(export.words.count(where: \.isNewline) == 1)
    }

    @Test func exportsWhatIsKnownOfEachDevice() throws {
        let server = try ServerProcess()
        let key = try Ed25519PrivateKey.generate()
        let path = try file(
            server, "fleet.csv",
            "id,public_key,attributes.site\none,\(key.ed25519PublicKey.hex),\"a,b\"\ntwo,,\n")
        _ = try slipway(server, "inventory", "import", path)
        // Known by its key, the device needs no token.
        let answer = try server.send(
            .post, "/device/v1/check-in", server.checkIn(key: key, token: ""))
        #expect(answer.status == 200)

        let export = try slipway(server, "inventory", "export")
        let lines = export.words.split(whereSeparator: \.isNewline)
        #expect(lines.count == 3)
        #expect(
            lines[0]
                == "id,lifecycle,hardware,public_key,release,last_seen,asked_key,attributes.site")
        #expect(lines[1].hasPrefix("one,active,gw-2,\(key.ed25519PublicKey.hex),,"))
        #expect(lines[1].hasSuffix(",\"a,b\""))
        #expect(lines[2] == "two,planned,,,,,,")
    }

    @Test func aPersonTakesInADeviceThatAsks() throws {
        let server = try ServerProcess(
            folder: ServerProcess.preparedFolder(), ["--manual-approval", "true"])
        let key = try Ed25519PrivateKey.generate()
        let path = "/device/v1/check-in"
        let refused = try server.send(.post, path, server.checkIn(key: key, token: ""))
        #expect(refused.status == 401)

        let hex = key.ed25519PublicKey.hex
        let list = try slipway(server, "inventory", "applications")
        #expect(list.words.contains("one     gw-2      \(hex)"))
        let accepted = try slipway(server, "inventory", "accept-key", "one", "--key", hex)
        #expect(accepted.words == "one is provisioned\n")
        let taken = try server.send(.post, path, server.checkIn(sequence: 2, key: key, token: ""))
        #expect(taken.status == 200)
    }

    @Test func aPlanIsTakenBack() throws {
        let server = try ServerProcess()
        let path = try file(server, "fleet.json", #"{"id":"gw-1"}"#)
        _ = try slipway(server, "inventory", "import", path)
        let removed = try slipway(server, "inventory", "remove", "gw-1")
        #expect(removed.words == "gw-1 is no longer expected\n")
        let again = try slipway(server, "inventory", "remove", "gw-1")
        #expect(again.code == 65)
    }

    struct Bad: CustomTestStringConvertible {
        let type: String
        let text: String
        let status: Int
        let testDescription: String

        init(_ description: String, _ type: String, _ text: String, _ status: Int) {
            testDescription = description
            self.type = type
            self.text = text
            self.status = status
        }
    }

    static let bad: [Bad] = [
        Bad("no table", "text/csv", "\u{0}\u{1}", 400),
        Bad("a column that is none", "text/csv", "id,'; DROP TABLE devices; --\n", 400),
        Bad("no objects", "application/json", "17", 400),
        Bad("another type", "application/xml", "<a/>", 415),
    ]

    @Test(arguments: bad) func refusesWhatIsNoInventory(row: Bad) throws {
        let server = try ServerProcess()
        let answer = try server.send(
            .post, "/api/v1/inventory", Array(row.text.utf8),
            headers: [
                ("Authorization", "Bearer \(server.operatorToken)"), ("Content-Type", row.type),
            ])
        #expect(answer.status == row.status)
    }

    @Test func anOperatorSetsAttributesAndRetiresWithAWipe() throws {
        let server = try ServerProcess()
        let key = try Ed25519PrivateKey.generate()
        _ = try server.send(.post, "/device/v1/check-in", server.checkIn(key: key))

        let set = try slipway(server, "device", "set", "one", "site=berlin", "lab=yes")
        #expect(set.words == "one is active\n")
        _ = try slipway(server, "device", "set", "one", "lab=")
        let shown = try slipway(server, "device", "show", "one")
        #expect(shown.words.contains("attribute   site = berlin (set)\n"))
        #expect(!shown.words.contains("lab"))

        let retired = try slipway(server, "device", "retire", "one", "--wipe")
        #expect(retired.words == "one is retired\n")
        let told = try server.send(
            .post, "/device/v1/check-in", server.checkIn(sequence: 2, key: key))
        let directive = try SignedMessage<Directive>(parsing: told.body, limitBytes: 65_536)
        #expect(directive.unverified.order == .retire(wipe: true))
        let after = try slipway(server, "device", "show", "one")
        #expect(after.words.contains("told to erase itself and has not said anything of it"))
    }
}

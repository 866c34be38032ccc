import Foundation
import Testing

/// Keys in files: who may read them, and what opens them.
@Suite struct KeyFileTests {
    private let slipway: Slipway

    init() throws { slipway = try Slipway() }

    private func setMode(_ mode: Int, of name: String) throws {
        try FileManager.default.setAttributes(
            [.posixPermissions: mode], ofItemAtPath: slipway.place(name).path)
    }

    @Test(arguments: ["ed25519", "p256"])
    func isMadeForItsOwnerAlone(kind: String) throws {
        let said = try slipway.does("key generate key.pem --type \(kind) --public-key key.pub")
        let attributes = try FileManager.default.attributesOfItem(
            atPath: slipway.place("key.pem").path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(said.contains(kind == "p256" ? "ecdsa-sha2-nistp256" : "ed25519"))
        // Another program's view of both halves.
        let openssl = URL(filePath: "/usr/bin/openssl")
        let made = try slipway.run(openssl, ["pkey", "-in", "key.pem", "-pubout"])
        #expect(made.code == 0)
        #expect(try Data(made.output.utf8) == slipway.data("key.pub"))
        try slipway.does("key show key.pem --public-key again.pub")
        #expect(try slipway.data("again.pub") == slipway.data("key.pub"))
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o620, 0o601, 0o666])
    func isRefusedWhenOthersCouldHaveReadIt(mode: Int) throws {
        try slipway.does("repo init acme")
        let key = "acme/keys/offline/targets.pem"
        try FileManager.default.createSymbolicLink(
            at: slipway.place("link.pem"), withDestinationURL: slipway.place(key))
        try FileManager.default.createSymbolicLink(
            atPath: slipway.place("link-to-link.pem").path, withDestinationPath: "link.pem")
        try slipway.does("repo renew targets --repo acme --key link-to-link.pem")
        try setMode(mode, of: key)
        try slipway.changesNothing {
            for path in [key, "link.pem", "link-to-link.pem"] {
                try slipway.refuses(
                    "repo renew targets --repo acme --key \(path)", 77,
                    "can be read by others (mode \(String(mode, radix: 8)))")
            }
            let end = try slipway.release("1.0", "")
            #expect(end.code == 77, "\(end.errors)")
        }
        try setMode(0o400, of: key)
        try slipway.does("repo renew targets --repo acme --key link.pem")
    }

    @Test func isOpenedByItsPassphraseFromEveryPlace() throws {
        let passphrase = try slipway.file("passphrase", "correct horse\nsecond line\n")
        _ = try slipway.file("bare", "correct horse")
        let made = "--passphrase-file \(passphrase)"
        try slipway.does("key generate key.pem \(made)")
        try slipway.does("key generate p256.pem --type p256 \(made)")
        try slipway.does(
            "repo init acme --targets-key key.pem --targets-key p256.pem --targets-threshold 2"
                + " \(made)")
        let witness = try Witness(slipway)
        let renew = [
            "repo", "renew", "targets", "--repo", "acme", "--key", "key.pem", "--key", "p256.pem",
        ]
        let ways = [
            ["--passphrase-file", "passphrase"], ["--passphrase-file", "bare"],
            ["--passphrase-command", "printf 'correct horse'"],
            ["--passphrase-command", "cat passphrase"],
        ]
        for way in ways {
            let end = try slipway.run(renew + way)
            #expect(end.code == 0, "\(way): \(end.errors)")
        }
        // One descriptor serves two keys, though it can be read only once.
        let shell = try slipway.run(
            URL(filePath: "/bin/sh"),
            ["-c", #"cat passphrase | "$0" "$@" --passphrase-fd 7 7<&0"#]
                + [Slipway.products.appending(path: "slipway").path] + renew)
        #expect(shell.code == 0, "\(shell.errors)")
        #expect(try slipway.status().version("targets") == ways.count + 2)
        try witness.sees([:])
    }

    @Test func staysClosedWithoutItsPassphrase() throws {
        let passphrase = try slipway.file("passphrase", "correct horse\n")
        _ = try slipway.file("wrong", "correct horse \n")
        _ = try slipway.file("empty", "\n")
        try slipway.does("repo init acme --passphrase-file \(passphrase)")
        let key = "acme/keys/offline/targets.pem"
        #expect(String(decoding: try slipway.data(key), as: UTF8.self).contains("ENCRYPTED"))
        // Keys that programs use are not.
        let online = String(
            decoding: try slipway.data("acme/keys/online/snapshot.pem"), as: UTF8.self)
        #expect(!online.contains("ENCRYPTED"))
        let renew = "repo renew targets --repo acme --key \(key)"
        try slipway.changesNothing {
            for way in [
                ["--passphrase-file", "wrong"], ["--passphrase-file", "empty"],
                ["--passphrase-command", "echo wrong"], ["--passphrase-command", ":"],
            ] {
                try slipway.refuses(renew, more: way, 65, "does not open the private key")
            }
            try slipway.refuses(
                renew, more: ["--passphrase-command", "exit 3"], 65, "ended with status 3")
            try slipway.refuses(renew, more: ["--passphrase-file", "nowhere"], 66, "no such file")
            try slipway.refuses(renew, more: ["--passphrase-fd", "77"], 65, "nothing can be read")
        }
        let two = try slipway.run(
            renew.split(separator: " ").map(String.init)
                + ["--passphrase-file", "passphrase", "--passphrase-command", "cat passphrase"])
        #expect(two.code == 64)
        try slipway.refuses(
            "key generate new.pem --passphrase-file empty", 65, "must not be empty")
        #expect(!slipway.exists("new.pem"))
        try slipway.does("\(renew) --passphrase-file passphrase")
        #expect(try slipway.status().version("targets") == 2)
    }

    @Test func repositoriesAreFoundedOnKeysThatExist() throws {
        for name in ["one", "two", "three"] { try slipway.does("key generate \(name).pem") }
        let found = "repo init acme --root-key one.pem --root-key"
        try slipway.refuses("\(found) one.pem --targets-key three.pem", 65, "name each key once")
        #expect(!slipway.exists("acme/repository"))
        try slipway.refuses("\(found) nowhere.pem --targets-key three.pem", 66, "no such file")
        try slipway.refuses(
            "repo init acme --targets-key one.pem --targets-key one.pem --targets-threshold 2", 65,
            "name each key once")
        #expect(!slipway.exists("acme/repository"))
        #expect(try slipway.run(["repo", "init", "acme", "--root-key", "one.pem"]).code == 64)

        try slipway.does("\(found) two.pem --targets-key three.pem")

        let status = try slipway.status()
        let ids = try ["one", "two"].map { try slipway.keyID("\($0).pem") }
        #expect(try status.role("root").signers.first?.keys == ids.sorted())
        #expect(
            try status.role("targets").signers.first?.keys == [slipway.keyID("three.pem")])
        let witness = try Witness(slipway)
        #expect(try slipway.release("1.0", "--key three.pem").code == 0)
        try witness.sees(["gw/1.0/gw.img": "gw 1.0"])
    }

    @Test func isNotWhatItSaysItIs() throws {
        try slipway.does("repo init acme")
        try slipway.does("key generate key.pem --public-key key.pub")
        try setMode(0o600, of: "key.pub")
        let junk = try slipway.file("junk.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n")
        try setMode(0o600, of: "junk.pem")
        let sign = "repo renew targets --repo acme --key"
        try slipway.changesNothing {
            try slipway.refuses("\(sign) key.pub", 65, "key.pub: ")
            try slipway.refuses("\(sign) \(junk)", 65, "junk.pem: ")
            try slipway.refuses("\(sign) nowhere.pem", 66, "no such file")
            try slipway.refuses("\(sign) key.pem", 77, "may sign nothing")
            #expect(
                try slipway.run(["repo", "renew", "targets", "--key", "command:key.pub"]).code == 64
            )
        }
    }
}

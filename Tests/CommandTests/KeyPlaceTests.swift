import Foundation
import Testing

/// Keys that are not files: tokens, agents, and programs that sign.
@Suite struct KeyPlaceTests {
    private let slipway: Slipway
    private static let published = ["gw/1.0/gw.img": "gw 1.0"]

    init() throws { slipway = try Slipway() }

    private func publish(_ keys: [String], _ version: String = "1.0") throws -> Slipway.End {
        let image = try slipway.file("gw.img", "gw \(version)")
        return try slipway.run(
            [
                "release", "publish", image, "--name", "gw", "--version", version, "--hardware",
                "gw-2", "--repo", "acme",
            ] + keys)
    }

    // MARK: - Tokens

    @Test func aTokenSignsForTargetsAndRoot() throws {
        let token = try Token(slipway)
        let pin = ["--passphrase-file", "pin"]
        try slipway.does("key generate three.pem")
        try slipway.does(
            "repo init acme --targets-threshold 2",
            more: pin + [
                "--root-key", token.uri("ed"), "--root-key", token.uri("p256"), "--root-key",
                "three.pem", "--targets-key", token.uri("p256"), "--targets-key", token.uri("ed"),
            ])
        let witness = try Witness(slipway)
        let ids = try ["ed", "p256"].map {
            try slipway.keyID(token.uri($0), "--passphrase-file pin")
        }
        #expect(try slipway.status().role("targets").signers.first?.keys == ids.sorted())

        let waits = try publish(["--key", token.uri("p256")] + pin)
        #expect(waits.code == 0, "\(waits.errors)")
        #expect(waits.output.contains("waits for signatures"))
        try slipway.does("repo sign --repo acme", more: ["--key", token.uri("ed")] + pin)
        try witness.sees(Self.published)

        try slipway.does("repo renew root --repo acme --key three.pem")
        try slipway.does("repo sign --repo acme", more: ["--key", token.uri("p256")] + pin)
        #expect(try slipway.status().version("root") == 2)
        try witness.sees(Self.published)
    }

    @Test func aTokenIsRotatedIn() throws {
        let token = try Token(slipway)
        try slipway.does("repo init acme")
        let witness = try Witness(slipway)
        let old = try slipway.keyID("acme/keys/offline/targets.pem")
        try slipway.does(
            "repo rotate targets --remove \(old) --repo acme \(Slipway.rootKeys)",
            more: [
                "--add", token.uri("p256"), "--key", token.uri("p256"), "--passphrase-command",
                "cat pin",
            ])
        #expect(
            try publish(["--key", token.uri("p256"), "--passphrase-file", "pin"]).code == 0)
        try witness.sees(Self.published)
    }

    @Test func aTokenDoesNotSignForAnybody() throws {
        let token = try Token(slipway)
        try slipway.does("repo init acme")
        let renew = "repo renew targets --repo acme"
        try slipway.changesNothing {
            func refuses(_ key: String, _ pin: String, _ code: Int32, _ says: String) throws {
                try slipway.refuses(
                    renew, more: ["--key", key, "--passphrase-file", pin], code, says)
            }
            try refuses(token.uri("ed"), "wrong-pin", 65, "CKR_PIN_INCORRECT")
            try refuses(token.uri("other"), "pin", 65, "other")
            try refuses("pkcs11:object=ed?module-path=/nowhere.so", "pin", 65, "/nowhere.so")
            try refuses("pkcs11:nonsense", "pin", 65, "pkcs11:nonsense")
            try refuses(token.uri("ed"), "pin", 77, "may sign nothing")
        }
    }

    // MARK: - Agents

    @Test func anAgentSigns() throws {
        let agent = try Agent(slipway)
        defer { withExtendedLifetime(agent) {} }
        let (ed25519, p256) = ("ssh-agent:release@work", "ssh-agent:root@work")
        try slipway.does("key generate three.pem")
        try slipway.does(
            "repo init acme --root-key \(p256) --root-key three.pem --targets-key \(ed25519)")
        let witness = try Witness(slipway)
        #expect(try publish(["--key", ed25519]).code == 0)
        try witness.sees(Self.published)
        // By its public key, too.
        struct Shown: Decodable { let public_key: String }
        let shown = try JSONDecoder().decode(
            Shown.self, from: Data(slipway.does("key show --json \(ed25519)").utf8))
        #expect(try publish(["--key", "ssh-agent:\(shown.public_key)"], "1.1").code == 0)
        try slipway.does("repo renew root --repo acme --key \(p256) --key three.pem")
        try witness.sees(Self.published.merging(["gw/1.1/gw.img": "gw 1.1"]) { $1 })
        try slipway.changesNothing {
            try slipway.refuses(
                "repo renew targets --repo acme --key ssh-agent:nobody", 66, "ssh-agent:nobody")
            slipway.environment["SSH_AUTH_SOCK"] = slipway.place("nowhere").path
            try slipway.refuses(
                "repo renew targets --repo acme --key \(ed25519)", 65, "ssh-agent")
        }
    }

    // MARK: - Programs

    @Test(arguments: ["ed25519", "p256"])
    func aProgramSigns(kind: String) throws {
        try slipway.does("key generate key.pem --type \(kind) --public-key key.pub")
        try slipway.does("repo init acme --targets-key key.pem")
        let witness = try Witness(slipway)
        let end = try publish(["--key", try slipway.signingProgram("sign", key: "key")])
        #expect(end.code == 0, "\(end.errors)")
        try witness.sees(Self.published)
    }

    @Test func aProgramThatSignsWronglyChangesNothing() throws {
        for name in ["key", "other"] {
            try slipway.does("key generate \(name).pem --public-key \(name).pub")
        }
        try slipway.does("repo init acme --targets-key key.pem")
        let image = try slipway.file("gw.img", "gw 1.0")
        _ = try publish(["--key", "key.pem"])
        let other = try slipway.signingProgram("other", key: "other")
        let programs = [
            // With another key than it says, over something else, not at all, and nonsense.
            (other.replacing("other.pub", with: "key.pub"), "is not one over this metadata"),
            (
                try slipway.signingProgram("changed", key: "key", payload: image),
                "is not one over this metadata"
            ),
            (try slipway.signingProgram("exits", key: "key", before: "exit 4"), "4"),
            ("command:key.pub:/bin/echo signature", "/bin/echo"),
            ("command:key.pub:/nowhere/sign", "/nowhere/sign"),
        ]
        let witness = try Witness(slipway)
        for (program, says) in programs {
            try slipway.changesNothing {
                try slipway.refuses(
                    "repo renew targets --repo acme", more: ["--key", program], 77, says)
            }
            try slipway.does("repo renew targets --repo acme")
            try slipway.does("repo export request.json --repo acme")
            try slipway.refuses(
                "key sign request.json --out none.json", more: ["--key", program], 77, "sign")
            #expect(!slipway.exists("none.json"))
            try slipway.does("repo discard targets --repo acme")
        }
        try slipway.changesNothing {
            try slipway.refuses(
                "repo renew targets --repo acme", more: ["--key", other], 77, "may sign nothing")
            try slipway.refuses(
                "repo renew targets --repo acme", more: ["--key", "command:nowhere.pub:/bin/true"],
                66, "nowhere.pub")
        }
        try witness.sees(Self.published)
    }
}

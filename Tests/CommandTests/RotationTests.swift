import Foundation
import Testing

/// Keys come and go in each role, and clients of every age follow.
@Suite struct RotationTests {
    private let slipway: Slipway
    private let witness: Witness
    private static let published = ["gw/1.0/gw.img": "gw 1.0"]

    init() throws {
        slipway = try Slipway()
        try slipway.does("repo init acme")
        witness = try Witness(slipway)
        let end = try slipway.release("1.0", "")
        try #require(end.code == 0, "\(end.errors)")
        try witness.sees(Self.published)
    }

    private func expectSigners(
        of role: String, _ keys: [String], threshold: Int,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let signers = try slipway.status().role(role).signers
        #expect(signers.map(\.threshold) == [threshold], sourceLocation: location)
        #expect(signers.map(\.keys) == [keys.sorted()], sourceLocation: location)
        try witness.sees(Self.published, at: location)
    }

    /// For roles that are signed online, the key has to lie where the program looks for it.
    @Test(arguments: ["snapshot", "timestamp"])
    func anOnlineKeyIsReplaced(role: String) throws {
        let file = "acme/keys/online/\(role).pem"
        let old = try slipway.keyID(file)
        try slipway.does("key generate new.pem --type p256")
        // With the old key in its place, nothing is published that clients would refuse.
        try slipway.refuses(
            "repo rotate \(role) --add new.pem --remove \(old) --repo acme \(Slipway.rootKeys)",
            77, "online keys do not fit")
        #expect(try slipway.status().version("root") == 1)
        try slipway.copy("new.pem", to: file)
        try slipway.does(
            "repo sign --repo acme \(Slipway.rootKeys.replacing("1.pem", with: "3.pem"))")
        #expect(try slipway.status().version("root") == 2)
        try expectSigners(of: role, [try slipway.keyID("new.pem")], threshold: 1)
        _ = try slipway.release("1.1", "")
        try witness.sees(Self.published.merging(["gw/1.1/gw.img": "gw 1.1"]) { $1 })
    }

    @Test func anOfferKeyIsReplaced() throws {
        let old = try slipway.keyID("acme/keys/online/offer.pem")
        try slipway.does("key generate new.pem")
        try slipway.copy("new.pem", to: "acme/keys/online/offer.pem")
        try slipway.does(
            "repo rotate offer --add new.pem --remove \(old) --repo acme \(Slipway.rootKeys)")
        try expectSigners(of: "offer", [try slipway.keyID("new.pem")], threshold: 1)
    }

    @Test func aTargetsKeyIsAddedAndTheThresholdRaised() throws {
        let old = try slipway.keyID("acme/keys/offline/targets.pem")
        try slipway.does("key generate new.pem --public-key new.pub")
        let new = try slipway.keyID("new.pem")
        try slipway.does("repo rotate targets --add new.pub --repo acme \(Slipway.rootKeys)")
        try slipway.does("repo sign --repo acme \(Slipway.targetsKey)")
        try expectSigners(of: "targets", [old, new], threshold: 1)

        try slipway.does("repo rotate targets --threshold 2 --repo acme \(Slipway.rootKeys)")
        // The targets that are published have one signature: root waits for the other.
        #expect(try slipway.status().version("root") == 2)
        try slipway.does("repo sign --repo acme --key new.pem \(Slipway.targetsKey)")
        #expect(try slipway.status().version("root") == 3)
        try expectSigners(of: "targets", [old, new], threshold: 2)

        try slipway.does(
            "repo rotate targets --threshold 1 --remove \(old) --repo acme \(Slipway.rootKeys)"
                + " --key new.pem")
        try expectSigners(of: "targets", [new], threshold: 1)
    }

    /// The new root and the targets that its keys have signed are published together.
    @Test func allTargetsKeysAreReplacedAtOnce() throws {
        let old = try slipway.keyID("acme/keys/offline/targets.pem")
        try slipway.does("key generate new.pem")
        let new = try slipway.keyID("new.pem")

        try slipway.does(
            "repo rotate targets --add new.pem --remove \(old.prefix(10)) --repo acme"
                + " \(Slipway.rootKeys)")

        #expect(try slipway.status().missing == ["root": [0, 0], "targets": [1, 1]])
        #expect(
            try slipway.does("repo status --repo acme").contains(
                "keys of targets under the staged root: 1 more of 1 needed"))
        try expectSigners(of: "targets", [old], threshold: 1)

        let said = try slipway.does("repo sign --repo acme --key new.pem")

        #expect(said == "published root version 2\npublished targets version 3\n")
        try expectSigners(of: "targets", [new], threshold: 1)
        let refused = try slipway.release("1.1", Slipway.targetsKey)
        #expect(refused.code == 77)
        #expect(try slipway.release("1.1", "--key new.pem").code == 0)
        try witness.sees(Self.published.merging(["gw/1.1/gw.img": "gw 1.1"]) { $1 })
    }

    /// The old targets key can sign first; what it signs is published, and root still waits.
    @Test func theOldTargetsKeyAloneDoesNotCompleteItsOwnRemoval() throws {
        let old = try slipway.keyID("acme/keys/offline/targets.pem")
        try slipway.does("key generate new.pem")
        try slipway.does("repo rotate targets --add new.pem --remove \(old) --repo acme")
        try slipway.does("repo sign --repo acme \(Slipway.targetsKey)")
        #expect(try slipway.status().version("root") == 1)
        try witness.sees(Self.published)
        if try slipway.status().staged.contains(where: { $0.role == "targets" }) == false {
            try slipway.does("repo renew targets --repo acme")
        }
        try slipway.does("repo sign --repo acme --key new.pem")
        try slipway.does("repo sign --repo acme \(Slipway.rootKeys)")
        try expectSigners(of: "targets", [try slipway.keyID("new.pem")], threshold: 1)
    }

    /// Whoever leaves signs the root that leaves them out, and whoever comes signs it, too.
    @Test func rootIsSignedByTheThresholdsBeforeAndAfter() throws {
        for number in [4, 5] { try slipway.does("key generate root-\(number).pem") }
        let leaving = try [1, 2].map { try slipway.keyID("acme/keys/offline/root-\($0).pem") }
        try slipway.does(
            "repo rotate root --add root-4.pem --add root-5.pem --remove \(leaving[0]) --remove"
                + " \(leaving[1]) --threshold 3 --repo acme")
        let old = "acme/keys/offline"
        #expect(try slipway.status().missing == ["root": [2, 3]])
        try slipway.does("repo sign --repo acme --key root-4.pem --key root-5.pem")
        #expect(try slipway.status().missing == ["root": [2, 1]])
        try slipway.does("repo sign --repo acme --key \(old)/root-1.pem")
        #expect(try slipway.status().missing == ["root": [1, 1]])
        try witness.sees(Self.published)
        // This one is both, and completes both.
        try slipway.does("repo sign --repo acme --key \(old)/root-3.pem")
        #expect(try slipway.status().version("root") == 2)
        let now = try ["\(old)/root-3.pem", "root-4.pem", "root-5.pem"].map {
            try slipway.keyID($0)
        }
        try expectSigners(of: "root", now, threshold: 3)
        // Those who left have nothing to say.
        try slipway.refuses(
            "repo renew root --repo acme --key \(old)/root-1.pem", 77, "may sign nothing")
        try slipway.does(
            "repo renew root --repo acme --key \(old)/root-3.pem --key root-4.pem --key root-5.pem")
        try expectSigners(of: "root", now, threshold: 3)
    }

    /// Changes of root add up until it is published.
    @Test func severalChangesMakeOneRoot() throws {
        for key in ["root-4", "targets-2"] { try slipway.does("key generate \(key).pem") }
        try slipway.does("repo rotate root --add root-4.pem --repo acme")
        try slipway.does(
            "repo rotate targets --add targets-2.pem --repo acme \(Slipway.targetsKey)")
        try slipway.does("repo sign --repo acme \(Slipway.rootKeys)")
        let status = try slipway.status()
        #expect(status.staged.isEmpty)
        #expect(try status.version("root") == 2)
        #expect(try status.role("root").signers.first?.keys.count == 4)
        #expect(try status.role("targets").signers.first?.keys.count == 2)
        try witness.sees(Self.published)
    }

    @Test func refusesChangesThatMakeNoSense() throws {
        try slipway.does("key generate new.pem")
        let rotate = "repo rotate"
        let targets = try slipway.keyID("acme/keys/offline/targets.pem")
        try slipway.changesNothing {
            try slipway.refuses("\(rotate) root --threshold 4 --repo acme", 65, "4 of 3 keys")
            try slipway.refuses("\(rotate) root --threshold 0 --repo acme", 65, "0 of 3 keys")
            try slipway.refuses(
                "\(rotate) targets --remove \(targets) --repo acme", 65, "1 of 0 keys")
            try slipway.refuses("\(rotate) root --remove zz --repo acme", 65, "0 keys of root")
            try slipway.refuses("\(rotate) edge --add new.pem --repo acme", 65, "root names root")
            try slipway.refuses("\(rotate) root --add nowhere.pem --repo acme", 66, "no such file")
            try slipway.refuses(
                "\(rotate) root --add new.pem --repo acme --key new.pem --key nowhere.pem", 66,
                "no such file")
        }
    }

    /// As if the machine had stopped between the new root and what its keys have to sign.
    @Test(arguments: ["snapshot", "timestamp"])
    func aRotationThatWasInterruptedIsCompletedByARefresh(role: String) throws {
        try slipway.copy("acme", to: "before")
        let old = try slipway.keyID("acme/keys/online/\(role).pem")
        try slipway.does("key generate new.pem")
        try slipway.copy("new.pem", to: "acme/keys/online/\(role).pem")
        try slipway.does(
            "repo rotate \(role) --add new.pem --remove \(old) --repo acme \(Slipway.rootKeys)")
        let root = try slipway.data("acme/repository/metadata/2.root.json")
        try slipway.copy("before/repository", to: "acme/repository")
        try root.write(to: slipway.place("acme/repository/metadata/2.root.json"))

        try slipway.does("repo refresh --repo acme")

        #expect(try slipway.data("acme/repository/metadata/2.root.json") == root)
        #expect(try slipway.status().version("root") == 2)
        try expectSigners(of: role, [try slipway.keyID("new.pem")], threshold: 1)
        _ = try slipway.release("1.1", "")
        try witness.sees(Self.published.merging(["gw/1.1/gw.img": "gw 1.1"]) { $1 })
    }
}

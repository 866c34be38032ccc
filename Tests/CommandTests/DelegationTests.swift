import Foundation
import Testing

/// Roles that targets trust with some of their paths.
@Suite struct DelegationTests {
    private let slipway: Slipway
    private let witness: Witness
    private static let theirs = ["edge/1.0/edge.img": "edge 1.0"]

    init() throws {
        slipway = try Slipway()
        try slipway.does("repo init acme --targets-keys 2 --targets-threshold 2")
        witness = try Witness(slipway)
        for key in ["edge", "other"] {
            try slipway.does("key generate \(key).pem --public-key \(key).pub")
        }
    }

    private static let first = "--key acme/keys/offline/targets-1.pem"
    private static let second = "--key acme/keys/offline/targets-2.pem"
    private static let both = "\(first) \(second)"

    private func delegate(_ options: String = "\(both) --key edge.pem") throws {
        try slipway.does(
            "repo delegate edge --paths edge/*/* --add edge.pub --repo acme \(options)")
    }

    private func publish(_ version: String = "1.0", key: String = "edge") throws -> Slipway.End {
        try slipway.release(version, "--role edge --key \(key).pem", name: "edge")
    }

    @Test func aDelegatedRolePublishesForItself() throws {
        try delegate()
        #expect(try slipway.status().version("edge") == 1)
        try witness.sees([:])
        #expect(try publish().code == 0)
        try witness.sees(Self.theirs)
        let status = try slipway.status()
        #expect(try status.version("targets") == 2)
        // Only its own paths, and only with its own key.
        let before = try slipway.files("acme/repository/metadata")
        let elsewhere = try slipway.release("1.0", "--role edge --key edge.pem", name: "gw")
        #expect(elsewhere.code == 65, "\(elsewhere.output)")
        #expect(try publish("1.1", key: "other").code == 77)
        #expect(try slipway.files("acme/repository/metadata") == before)
        #expect(try slipway.files("acme/staged").isEmpty)
        #expect(try slipway.release("1.0", Self.both).code == 0)
        try witness.sees(Self.theirs.merging(["gw/1.0/gw.img": "gw 1.0"]) { $1 })
    }

    /// The role's own signature is there before the last of the delegator's.
    @Test func itsKeyMaySignBeforeTheDelegatorsAreComplete() throws {
        try delegate("\(Self.first) --key edge.pem")
        try witness.sees([:])
        #expect(try slipway.status().missing == ["edge": [0], "targets": [1]])
        try slipway.does("repo sign --repo acme \(Self.second)")
        #expect(try slipway.status().staged.isEmpty)
        #expect(try publish().code == 0)
        try witness.sees(Self.theirs)
    }

    /// The delegators are complete before the role has said anything.
    @Test func itsKeyMaySignAfterTheDelegatorsAreComplete() throws {
        try delegate(Self.both)
        try witness.sees([:])
        try slipway.does("repo sign --repo acme --key edge.pem")
        #expect(try slipway.status().staged.isEmpty)
        #expect(try publish().code == 0)
        try witness.sees(Self.theirs)
    }

    @Test func itsKeysAreReplaced() throws {
        try delegate()
        _ = try publish()
        try slipway.does(
            "repo delegate edge --paths edge/*/* --add other.pub --repo acme \(Self.both)"
                + " --key other.pem")
        try witness.sees(Self.theirs)
        #expect(try publish("1.1").code == 77)
        #expect(try publish("1.1", key: "other").code == 0)
        try witness.sees(Self.theirs.merging(["edge/1.1/edge.img": "edge 1.1"]) { $1 })
    }

    @Test func severalMustSign() throws {
        try slipway.does(
            "repo delegate edge --paths edge/*/* --add edge.pub --add other.pub --threshold 2"
                + " --repo acme \(Self.both)")
        try slipway.does("repo sign --repo acme --key edge.pem")
        #expect(try slipway.status().missing == ["edge": [1]])
        try slipway.does("repo sign --repo acme --key other.pem")
        #expect(try publish().output.contains("waits for signatures"))
        try witness.misses("edge/1.0/edge.img")
        try slipway.does("repo sign --repo acme --key other.pem")
        try witness.sees(Self.theirs)
    }

    @Test func itDelegatesFurther() throws {
        try delegate()
        try slipway.does(
            "repo delegate edge.eu --by edge --paths edge/2.?/* --add other.pub --terminating"
                + " --repo acme --key edge.pem --key other.pem")
        let end = try slipway.release("2.0", "--role edge.eu --key other.pem", name: "edge")
        #expect(end.code == 0, "\(end.errors)")
        try witness.sees(["edge/2.0/edge.img": "edge 2.0"])
        try slipway.refuses(
            "repo delegate edge.us --by nobody --paths x --add other.pub --repo acme", 65,
            "nothing is delegated to")
    }

    @Test func aRevokedRoleIsTrustedNoLonger() throws {
        try delegate()
        try slipway.does("repo revoke edge --repo acme \(Self.both)")
        #expect(try slipway.status().roles.contains { $0.role.contains("edge") } == false)
        #expect(try publish().code == 65)
        try witness.sees([:])
        try slipway.refuses("repo revoke edge --repo acme \(Self.both)", 65, "nothing is delegated")
        // Trusted anew, it goes on from the version that it had.
        try delegate()
        #expect(try publish().code == 0)
        try witness.sees(Self.theirs)
    }

    /// A key that fell into wrong hands signs nothing for us, not even a withdrawal.
    @Test func aRoleIsRevokedWithoutItsHelp() throws {
        try delegate()
        _ = try publish("1.0")
        _ = try publish("1.1")
        try slipway.does("release withdraw edge 1.0 --repo acme --key edge.pem")
        try witness.sees(["edge/1.1/edge.img": "edge 1.1"])
        try slipway.does("repo revoke edge --repo acme \(Self.both)")
        for version in ["1.0", "1.1"] {
            try witness.misses("edge/\(version)/edge.img")
            // The versions stay taken.
            let end = try slipway.release(version, Self.both, name: "edge", content: "other")
            #expect(end.code == 65, "\(end.output)")
        }
    }

    @Test func refusesDelegationsThatMakeNoSense() throws {
        let delegate = "repo delegate"
        try slipway.changesNothing {
            // What a URL encodes would lie under another name than plain web servers look for.
            for name in ["targets", "root", "../x", "a/b", "edge:eu", "-x", "ü"] {
                try slipway.refuses(
                    "\(delegate) --paths x --add edge.pub --repo acme \(Self.both) -- \(name)", 65,
                    "a role's name")
            }
            try slipway.refuses(
                "\(delegate) edge --paths x --add edge.pub --threshold 2 --repo acme", 65,
                "2 of 1 keys")
            try slipway.refuses(
                "\(delegate) edge --paths x --add edge.pub --add edge.pem --repo acme", 65,
                "name each key once")
            try slipway.refuses(
                "\(delegate) edge --paths x --add nowhere.pub --repo acme", 66, "no such file")
        }
        #expect(try slipway.run(["repo", "delegate", "edge", "--add", "edge.pub"]).code == 64)
    }
}

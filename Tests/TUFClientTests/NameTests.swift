import Foundation
import Model
import TestSupport
import Testing

/// No name leads out of a folder, whoever chose it.
@Suite struct NameTests {
    static let harmless = [
        "../x", "/etc/x", "a/../../x", "...", "%2e%2e%2f", "..%2fx", "a//b", "a/", "/", "//", " ",
        "-rf", "~", "$HOME", "`id`", "a\\b", "C:\\x", "a?b#c&d", "é", "e\u{301}", "日本/語",
        "\u{202e}x",
        "\u{9b}31m", "a\nb", "a\u{7f}b", "\u{1b}[31m", ".new-1", "root.json", "time-floor",
    ]

    @Test(arguments: harmless)
    func ofATargetIsOneNameInItsFolder(name: String) throws {
        let target = FakeTarget(name, "The content of \(name).")
        let repository = Repository(targets: [target, Repository.own(1)])
        let server = try LoopbackServer { request in
            // However the client writes the path, what it names is served.
            let isMetadata = request.target.hasPrefix("/metadata/")
            let files = (try? repository.files()) ?? [:]
            return isMetadata ? .file(request.target, of: files) : .ok(target.content)
        }
        let home = try Home(knowing: repository)
        let before = try FileManager.default.contentsOfDirectory(atPath: home.folder.path)

        try home.download(name, from: server.url).expectSuccess()

        #expect(try Home.entries(of: home.targets) == [URLPath.encode(name): .file(target.content)])
        #expect(try home.trusted() == repository.trusted().mapValues { .file($0) })
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.folder.path) == before)
        #expect(!server.paths.contains { $0.contains("%25") } || name.contains("%"))
    }

    static let impossible = [
        "", ".", "..", String(repeating: "x", count: 300), String(repeating: "é", count: 100),
    ]

    @Test(arguments: impossible)
    func ofATargetThatCannotBeAFileIsRefused(name: String) throws {
        let target = FakeTarget(name, "x")
        let repository = Repository(targets: [target, Repository.own(1)])
        let files = try repository.files()
        let server = try LoopbackServer { request in
            request.target.hasPrefix("/metadata/")
                ? .file(request.target, of: files)
                : request.target == repository.path(of: Repository.own(1))
                    ? .ok(Repository.own(1).content) : .ok(target.content)
        }
        let home = try Home(knowing: repository)

        try home.download(name, from: server.url).expectRefusal()

        #expect(try Home.entries(of: home.targets) == [:])
        try home.download("own.img", from: server.url).expectSuccess()
    }

    @Test(arguments: harmless + impossible)
    func ofATargetThatNobodyListsIsSaidInOneLine(name: String) throws {
        let server = try LoopbackServer(.version(1))
        let home = try Home(trusting: .version(1))
        let before = try Home.entries(of: home.targets)
        try home.download(name, from: server.url).expectRefusal(["no trusted role lists"])
        #expect(try Home.entries(of: home.targets) == before)
    }

    /// With a zero byte it cannot even be asked for; the others still can.
    @Test func withAZeroByteHidesNoOther() throws {
        let repository = Repository(targets: [FakeTarget("own.img\u{0}x", "x"), Repository.own(1)])
        let home = try Home(knowing: repository)
        let server = try LoopbackServer(repository)
        try home.download("own.img", from: server.url).expectSuccess()
    }

    /// A role, how it is asked for, and where it is kept.
    static let roles: [(String, String, String)] = [
        ("?", "1.%3F.json", "%3F.json"), ("#", "1.%23.json", "%23.json"),
        ("/x", "1.%2Fx.json", "%2Fx.json"), ("../x", "1...%2Fx.json", "..%2Fx.json"),
        (
            "../../../../tmp/x", "1...%2F..%2F..%2F..%2Ftmp%2Fx.json",
            "..%2F..%2F..%2F..%2Ftmp%2Fx.json"
        ),
        (".", "1...json", "..json"), ("..", "1....json", "...json"),
        ("%2e%2e%2f", "1.%252e%252e%252f.json", "%252e%252e%252f.json"),
        ("é", "1.%C3%A9.json", "%C3%A9.json"), ("a b", "1.a%20b.json", "a%20b.json"),
        ("e\u{301}", "1.e%CC%81.json", "e%CC%81.json"),
        ("&=+;", "1.%26%3D%2B%3B.json", "%26%3D%2B%3B.json"),
        ("root.json", "1.root.json.json", "root.json.json"),
        ("1.root", "1.1.root.json", "1.root.json"),
        ("Root", "1.Root.json", "Root.json"), ("offer", "1.offer.json", "offer.json"),
        ("time-floor", "1.time-floor.json", "time-floor.json"),
        (" root", "1.%20root.json", "%20root.json"),
        ("\u{202e}", "1.%E2%80%AE.json", "%E2%80%AE.json"),
        ("\u{85}", "1.%C2%85.json", "%C2%85.json"),
    ]

    private static func delegating(to role: String, _ target: FakeTarget) throws -> Repository {
        Repository(
            delegations: try Repository.delegations(to: [role], paths: ["*"]),
            delegated: [Repository.Delegated(name: role, targets: [target])])
    }

    @Test(arguments: roles)
    func ofARoleIsEncodedOnce(role: String, published: String, stored: String) throws {
        let repository = try Self.delegating(to: role, FakeTarget("x", "x"))
        let server = try LoopbackServer(repository)
        let home = try Home(knowing: repository)

        try home.download("x", from: server.url).expectSuccess()

        #expect(server.paths.contains("/metadata/\(published)"))
        #expect(
            try Set(home.trusted().keys).subtracting(
                ["root.json", "timestamp.json", "snapshot.json", "targets.json"]) == [stored])
        #expect(try home.trusted() == repository.trusted().mapValues { .file($0) })
        #expect(try Home.entries(of: home.targets) == ["x": .file(Array("x".utf8))])
    }

    @Test(arguments: roles.map(\.0) + [String(repeating: "é", count: 40)])
    func ofARoleIsSaidInOneLine(role: String) throws {
        let repository = try Self.delegating(to: role, FakeTarget("x", "x"))
        let home = try Home(knowing: repository)
        let path = repository.path(of: role)
        let files = try repository.files()
        for reply in [Reply.ok(Array("{}".utf8)), .status("404 Not Found"), .status("500 Oops")] {
            let server = try LoopbackServer { request in
                request.target == path ? reply : .file(request.target, of: files)
            }
            try home.download("x", from: server.url).expectRefusal()
        }
        let own = try repository.trusted()["\(URLPath.encode(role)).json"]
        let top = try repository.trusted().filter { $0.value != own }
        #expect(try home.trusted() == top.mapValues { .file($0) })
    }
}

import JSON
import Model
import OpenSSL
import Testing
import Trust

/// What roles are called, inside metadata, in a repository and in a store.
@Suite struct RoleNameTests {
    static let odd: [(name: String, stored: String)] = [
        ("?", "%3F.json"), ("#", "%23.json"), ("/x", "%2Fx.json"), ("../x", "..%2Fx.json"),
        ("a/b", "a%2Fb.json"), (".", "..json"), ("..", "...json"), ("a b", "a%20b.json"),
        ("%2F", "%252F.json"), ("\\", "%5C.json"), ("é", "%C3%A9.json"),
        ("e\u{301}", "e%CC%81.json"), ("C:", "C%3A.json"), ("~", "~.json"), ("-rf", "-rf.json"),
        ("\"", "%22.json"), ("a&b=c;d", "a%26b%3Dc%3Bd.json"), ("x.json", "x.json.json"),
        ("1.root", "1.root.json"), ("Root", "Root.json"),
    ]

    @Test(arguments: odd)
    func keepsAnyNameApartFromFolders(name: String, stored: String) throws {
        let role = try delegated(name)
        #expect(role.text == name)
        #expect(role.fileName == "\(name).json")
        #expect(role.publishedName(version: 7, isConsistent: true) == "7.\(name).json")
        #expect(role.publishedName(version: 7, isConsistent: false) == "\(name).json")
        #expect(role.storedName == stored)
        #expect(!role.storedName.contains("/"))
        #expect(RoleName(name) == role)
    }

    @Test(arguments: odd)
    func findsTargetsOfARoleWithAnyName(name: String, stored: String) throws {
        var repository = try FakeRepository()
        try repository.write(.targets, trusting: [FakeDelegation(name: name, keys: [40])])
        try repository.write(delegated(name), listing: ["a"], keys: [40])
        var client = Client(new: repository)
        #expect(try client.find("a", in: repository)?.role == delegated(name))
        #expect(client.log == ["recall \(name)", "fetch 1.\(name).json", "store \(name)"])
        #expect(try client.find("a", in: repository)?.role == delegated(name))
        #expect(client.log == ["recall \(name)"])
    }

    /// Names that Swift takes for another, or that it does not cut where we do.
    @Test(arguments: ["offer", "x\u{600}", "é", "e\u{301}", "\u{301}", "x.json", "\u{200d}"])
    func theKeeperReadsARoleWithAnyName(name: String) throws {
        let role = RoleName.delegated(try #require(DelegatedRoleName(name)))
        var repository = try FakeRepository()
        try repository.write(.targets, trusting: [FakeDelegation(name: name, keys: [40])])
        try repository.write(role, listing: ["a"], keys: [40])
        let published = try PublishedRepository(
            startingAt: repository.bytes(of: .root), cryptography: cryptography, limits: .tests
        ) { name, _ in repository.files[name] }
        #expect(published.targets(of: role)?.files.count == 1)
        #expect(Set(published.snapshot.roles) == [role, .targets])
        var client = Client(new: repository)
        #expect(try client.find("a", in: repository)?.role == role)
    }

    /// Only roles are looked for in a snapshot; other files are nobody's business.
    @Test func aSnapshotMayNameWhatIsNoRole() throws {
        var repository = try FakeRepository()
        for name in ["readme", "x.JSON", ".json", "json", "a\n.json", "x.json\u{301}"] {
            try repository.publish(.snapshot) { $0.editing("meta", name, to: ["version": 1]) }
            var client = Client(new: repository)
            #expect(try client.refresh(from: repository).snapshot?.roles == [.targets])
        }
    }

    @Test func noTwoNamesAreStoredInOneFile() throws {
        let stored =
            try Self.odd.map { try delegated($0.name).storedName }
            + RoleName.ofRoot.map(\.storedName)
        #expect(Set(stored.map { Array($0.utf8) }).count == Self.odd.count + RoleName.ofRoot.count)
    }

    @Test(arguments: [
        "", "root", "timestamp", "snapshot", "targets", "a\u{0}b", "\n", "\r", "\t", "\u{1f}",
        "\u{7f}", String(repeating: "x", count: 81), String(repeating: "é", count: 41),
    ])
    func hasNoDelegatedRoleCalled(name: String) {
        #expect(DelegatedRoleName(name) == nil)
    }

    @Test func takesTheLongestName() throws {
        for name in [String(repeating: "x", count: 80), String(repeating: "é", count: 40)] {
            #expect(try delegated(name).storedName.utf8.count <= 255)
        }
    }

    @Test func namesTheRolesOfRoot() {
        #expect(RoleName.topLevel == [.root, .timestamp, .snapshot, .targets])
        #expect(RoleName.ofRoot == RoleName.topLevel + [.offer])
        for role in RoleName.ofRoot {
            #expect(RoleName(role.text) == role)
            #expect("\(role)" == role.text)
            #expect(role.storedName == "\(role.text).json")
        }
        #expect(RoleName("a\n") == nil)
    }

    /// Root is always versioned and the timestamp never.
    @Test(arguments: [true, false])
    func isPublishedUnder(isConsistent: Bool) {
        func name(_ role: RoleName) -> String {
            role.publishedName(version: 3, isConsistent: isConsistent)
        }
        #expect(name(.root) == "3.root.json")
        #expect(name(.timestamp) == "timestamp.json")
        #expect(name(.snapshot) == (isConsistent ? "3.snapshot.json" : "snapshot.json"))
        #expect(name(.targets) == (isConsistent ? "3.targets.json" : "targets.json"))
    }

    /// A name is somebody else's text: an error message must not let it move the cursor.
    @Test func quotesADelegatedNameInMessages() throws {
        #expect("\(try delegated("a b"))" == "\"a b\"")
        let long = try delegated(String(repeating: "x", count: 80))
        #expect("\(long)" == "\"\(String(repeating: "x", count: 64))...\"")
        #expect("\(try delegated("\u{9b}31m"))" == "\"?31m\"")
    }

    @Test func comparesNamesByTheirBytes() throws {
        #expect(try delegated("é") != delegated("e\u{301}"))
    }
}

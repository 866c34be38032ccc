import Foundation
import TestSupport
import Testing

/// What lies in the client's folders may be in its way, but is never written through.
@Suite struct FolderTests {
    private static let wanted = Repository.wanted(2)

    /// Links that stand where the client is about to write.
    @Test(arguments: [
        "metadata/root.json", "metadata/timestamp.json", "metadata/team.json",
        "metadata/time-floor",
        "metadata/root.json.new", "metadata/timestamp.json.new", "metadata/snapshot.json.new",
        "metadata/targets.json.new", "metadata/team.json.new", "metadata/time-floor.new",
        "targets/\(wanted.storedName)", "targets/.new-1",
    ])
    func linksAreNotWrittenThrough(name: String) throws {
        let home = try Home(trusting: .version(1))
        let place = home.folder.appending(path: name)
        // What stood there stands outside now, so that only writing makes a difference.
        let outside = (try? Data(contentsOf: place)) ?? Data("outside".utf8)
        try outside.write(to: home.folder.appending(path: "outside"))
        try? FileManager.default.removeItem(at: place)
        try home.link(name, to: "../outside")

        let server = try LoopbackServer(.version(2))
        try home.download(Self.wanted.path, from: server.url).expectSuccess()

        #expect(try Data(contentsOf: home.folder.appending(path: "outside")) == outside)
        let trusted = try Repository.version(2).trusted().mapValues { Entry.file($0) }
        #expect(try home.trusted().filter { !$0.key.hasPrefix("time-floor") } == trusted)
        let isInPlace = try Home.entries(of: home.targets)[Self.wanted.storedName]
        #expect(isInPlace == .file(Self.wanted.content))
    }

    @Test(arguments: [
        "/dev/zero", "/dev/null", "/proc/self/mem", "nowhere", "\(wanted.storedName)",
    ])
    func linksToOddPlacesAreReplacedOrRefused(destination: String) throws {
        let home = try Home(trusting: .version(1))
        try home.link("targets/\(Self.wanted.storedName)", to: destination)
        let server = try LoopbackServer(.version(2))
        let end = try home.download(Self.wanted.path, from: server.url)
        let entry = try Home.entries(of: home.targets)[Self.wanted.storedName]
        if end.code == 0 {
            #expect(entry == .file(Self.wanted.content))
        } else {
            end.expectRefusal([Self.wanted.storedName])
            #expect(entry == .link(destination))
        }
    }

    /// Nobody may have a client wait for ever by a pipe in a folder.
    @Test(arguments: ["metadata/timestamp.json", "targets/\(wanted.storedName)"])
    func pipesDoNotHoldItUp(name: String) throws {
        let home = try Home(trusting: .version(1))
        let path = home.folder.appending(path: name).path
        try? FileManager.default.removeItem(atPath: path)
        #expect(mkfifo(path, 0o600) == 0)
        let server = try LoopbackServer(.version(2))
        try home.download(Self.wanted.path, from: server.url).expectSuccess()
        #expect(try Entry(path).isFile)
    }

    @Test(arguments: [
        "metadata/root.json", "metadata/snapshot.json", "targets/\(wanted.storedName)",
    ])
    func foldersInTheWayAreRefused(name: String) throws {
        let home = try Home(trusting: .version(1))
        let place = home.folder.appending(path: name)
        try? FileManager.default.removeItem(at: place)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: false)
        try home.write([1], to: "\(name)/kept")
        let server = try LoopbackServer(.version(2))
        try home.download(Self.wanted.path, from: server.url).expectRefusal([
            place.lastPathComponent
        ])
        #expect(try Home.entries(of: place) == ["kept": .file([1])])
    }

    @Test func aFileForTheTargetsFolderIsRefused() throws {
        let home = try Home(trusting: .version(1))
        try FileManager.default.removeItem(at: home.targets)
        try home.write([1, 2, 3], to: "targets")
        let server = try LoopbackServer(.version(2))
        try home.download(Self.wanted.path, from: server.url).expectRefusal(["targets"])
        #expect(try Entry(home.targets.path) == .file([1, 2, 3]))
    }

    @Test func aFileForTheMetadataFolderIsRefused() throws {
        let home = try Home()
        try FileManager.default.removeItem(at: home.metadata)
        try home.write([1], to: "metadata")
        let root = home.folder.appending(path: "given.json").path
        try home.write([2], to: "given.json")
        try home.initialize(root: root).expectRefusal(["metadata"])
        try home.refresh(from: "http://127.0.0.1:1").expectRefusal(["metadata"])
        #expect(try Entry(home.metadata.path) == .file([1]))
    }

    @Test func withoutARootNothingIsAsked() throws {
        let server = try LoopbackServer(.version(1))
        let home = try Home()
        try home.refresh(from: server.url).expectRefusal(["holds no root.json"])
        try home.download("own.img", from: server.url).expectRefusal(["holds no root.json"])
        #expect(server.paths == [])
        #expect(try Home.entries(of: home.metadata) == [:])
        #expect(try Home.entries(of: home.targets) == [:])
    }

    /// A root that is no root is refused at once or when it is used, and nobody is asked.
    @Test(arguments: 0..<HostileDocument.all.count / 10)
    func aRootOfGarbageIsRefused(number: Int) throws {
        let honest = try #require(try Repository.version(1).files()["/metadata/1.root.json"])
        let server = try LoopbackServer(.version(1))
        let home = try Home()
        let garbage = HostileDocument.all[number * 10].spoil(honest)
        try home.write(garbage, to: "given.json")
        let given = home.folder.appending(path: "given.json").path
        let end = try home.initialize(root: given)
        #expect(end.code == 0 || end.code == 1, "\(end.notes)")
        try home.refresh(from: server.url).expectRefusal(["root.json"])
        #expect(server.paths == [])

        try home.write(honest, to: "given.json")
        try home.initialize(root: given).expectSuccess()
        try home.refresh(from: server.url).expectSuccess()
    }

    @Test(arguments: ["missing.json", "", ".", "/dev/zero", "metadata"])
    func aRootThatCannotBeReadIsRefused(name: String) throws {
        let home = try Home(trusting: .version(1))
        let before = try Home.entries(of: home.metadata)
        let path = name.hasPrefix("/") ? name : home.folder.appending(path: name).path
        try home.initialize(root: path).expectRefusal()
        #expect(try Home.entries(of: home.metadata) == before)
    }

    /// What is damaged on disk, but for root, is fetched again.
    @Test(arguments: Position.metadata.dropFirst(), [[], [0], Array("{}".utf8)] as [[UInt8]])
    func whatIsDamagedIsFetchedAgain(position: Position, bytes: [UInt8]) throws {
        let home = try Home(trusting: .version(1))
        try home.write(bytes, to: "metadata/\(position.role ?? "").json")
        try home.write(Array("yesterday".utf8), to: "metadata/time-floor")
        try Attack(at: position).expectRecovery(of: home)
    }
}

extension Entry {
    fileprivate var isFile: Bool {
        if case .file = self { return true }
        return false
    }
}

import Foundation
import Model
import OpenSSL
import TestSupport
import Testing
import Trust

/// Downloads from honest servers, and from those whose second target is not what was signed.
@Suite struct DownloadTests {
    /// A client from its first root on: all that it keeps is what was served, byte by byte.
    private func expectDownload(
        of targets: [FakeTarget], from repository: Repository,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let server = try LoopbackServer(repository)
        let home = try Home()
        let root = try #require(repository.files()["/metadata/1.root.json"])
        try home.write(root, to: "given.json")
        try home.initialize(root: home.folder.appending(path: "given.json").path)
            .expectSuccess(at: location)
        let end = try ClientProcess(
            home.arguments(toDownload: targets.map(\.path), from: server.url)
        ).end()
        end.expectSuccess(at: location)
        let entries = targets.map { ($0.storedName, Entry.file($0.content)) }
        #expect(
            try Home.entries(of: home.targets) == Dictionary(entries) { $1 },
            sourceLocation: location)
        for target in targets {
            #expect(server.paths.contains(repository.path(of: target)), sourceLocation: location)
        }
        let trusted = try repository.trusted()
        for (name, entry) in try home.trusted() {
            #expect(entry == .file(trusted[name] ?? []), sourceLocation: location)
        }
    }

    @Test(arguments: [true, false], Repository.Listing.allCases)
    func keepsWhatWasSigned(isConsistent: Bool, listing: Repository.Listing) throws {
        var repository = try Repository.version(3, listing)
        repository.isConsistent = isConsistent
        repository.targets += [
            FakeTarget("a/b/c.img", "in a folder"), FakeTarget("empty", ""),
            FakeTarget("a/\u{301}b", "an accent after a slash"),
            FakeTarget("long", String(repeating: "0123456789", count: 100_000)),
        ]
        try expectDownload(of: repository.targets + [Repository.wanted(3)], from: repository)
    }

    @Test(arguments: [[HashAlgorithm.sha512], [.sha256, .sha512]], [true, false])
    func checksEveryDigest(algorithms: [HashAlgorithm], isConsistent: Bool) throws {
        let target = FakeTarget("a/b.img", "checked", algorithms)
        let repository = Repository(isConsistent: isConsistent, targets: [target])
        try expectDownload(of: [target], from: repository)

        let files = try repository.files()
        let path = repository.path(of: target)
        let server = try LoopbackServer { request in
            request.target == path
                ? .ok(Array("Checked".utf8)) : .file(request.target, of: files)
        }
        let home = try Home(knowing: repository)
        try home.download(target.path, from: server.url).expectRefusal(["a/b.img", "foreign image"])
        #expect(try Home.entries(of: home.targets) == [:])
    }

    @Test func asksTheBinThatATargetBelongsTo() throws {
        for bitLength in [1, 4, 8, 10] as [Int64] {
            let target = FakeTarget("a/bin.img", "in a bin of \(bitLength) bits")
            let digest = hashing.digest(Array(target.path.utf8), by: .sha256)
            let bits = UInt32(digest[0]) << 24 | UInt32(digest[1]) << 16
            let digits = String(bits >> UInt32(32 - bitLength), radix: 16)
            let width = Int(bitLength + 3) / 4
            let name = "bin-" + String(repeating: "0", count: width - digits.count) + digits
            let repository = Repository(
                delegations: try Repository.bins("bin", bitLength: bitLength),
                delegated: [Repository.Delegated(name: name, targets: [target])])
            try expectDownload(of: [target], from: repository)
        }
    }

    @Test func followsDelegationsOfDelegations() throws {
        let target = FakeTarget("a/deep.img", "deep")
        let repository = Repository(
            delegations: try Repository.delegations(to: ["one", "two"]),
            delegated: [
                Repository.Delegated(name: "one"),
                Repository.Delegated(
                    name: "two", delegations: try Repository.delegations(to: ["two", "three"])),
                Repository.Delegated(name: "three", targets: [target]),
            ])
        try expectDownload(of: [target], from: repository)
    }

    @Test func keepsTheFirstTargetWhenTheSecondFails() throws {
        let targets = ["first", "second", "third"].map { FakeTarget($0, "the \($0)") }
        let repository = Repository(targets: targets)
        let files = try repository.files()
        let path = repository.path(of: targets[1])
        let server = try LoopbackServer { request in
            request.target == path
                ? .ok(Array("THE SECOND".utf8)) : .file(request.target, of: files)
        }
        let home = try Home(knowing: repository)

        try home.download("first", "second", "third", from: server.url)
            .expectRefusal(["second", "foreign image"])
        #expect(try Home.entries(of: home.targets) == ["first": .file(targets[0].content)])
        #expect(server.paths.last == path)

        try home.download("first", "no such", "third", from: server.url)
            .expectRefusal(["no such"])
        #expect(try Home.entries(of: home.targets) == ["first": .file(targets[0].content)])

        let honest = try LoopbackServer(repository)
        try home.download("first", "second", "third", from: honest.url).expectSuccess()
        #expect(try Home.entries(of: home.targets).count == 3)
        #expect(!honest.paths.contains(repository.path(of: targets[0])))
    }

    @Test func fetchesAgainOnlyWhatChanged() throws {
        let repository = try Repository.version(1)
        let server = try LoopbackServer(repository)
        let home = try Home(trusting: repository)
        let target = Repository.wanted(1)
        let path = repository.path(of: target)

        try home.download(target.path, from: server.url).expectSuccess()
        #expect(!server.paths.contains(path))

        let changes = [[], Array(target.content.dropLast()), target.content + [0], [0]]
        for (number, bytes) in changes.enumerated() {
            try home.write(bytes, to: "targets/\(target.storedName)")
            try home.download(target.path, from: server.url).expectSuccess()
            #expect(server.paths.count { $0 == path } == number + 1)
            let entry = try Home.entries(of: home.targets)
            #expect(entry == [target.storedName: .file(target.content)])
        }
    }

    /// Whatever the server then has, what was there before stays until something better came.
    @Test func keepsAChangedFileWhileTheServerHasNoBetterOne() throws {
        let repository = try Repository.version(1)
        let target = Repository.wanted(1)
        let path = repository.path(of: target)
        let files = try repository.files()
        let server = try LoopbackServer { request in
            request.target == path ? .ok([1, 2, 3]) : .file(request.target, of: files)
        }
        let home = try Home(trusting: repository)
        try home.write([9], to: "targets/\(target.storedName)")
        try home.download(target.path, from: server.url).expectRefusal([target.path])
        #expect(try Home.entries(of: home.targets) == [target.storedName: .file([9])])
    }
}

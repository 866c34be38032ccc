import Foundation
import TestSupport
import Testing

/// A disk without room, or one that cannot be written, costs an update and nothing else.
@Suite struct SmallDiskTests {
    @Test func withoutRoomForMetadataKeepsWhatIsTrusted() throws {
        let home = try Home(trusting: .version(1))
        try withSmallDisk(at: home.metadata, home) { disk in
            try fill(disk.appending(path: "filler"))
            let server = try LoopbackServer(.version(2))
            let before = try Home.entries(of: home.metadata)
            try home.download(Repository.wanted(2).path, from: server.url)
                .expectRefusal(["root.json", "no space is left"])
            #expect(try Home.entries(of: home.metadata) == before)

            try FileManager.default.removeItem(at: disk.appending(path: "filler"))
            try Attack(at: .root).expectRecovery(of: home)
        }
    }

    @Test func withoutRoomForATargetLeavesNoPartOfIt() throws {
        let large = FakeTarget("large.img", String(repeating: "x", count: 200_000))
        let repository = Repository(targets: [large, Repository.own(1)])
        let home = try Home(knowing: repository)
        try withSmallDisk(at: home.targets, home) { _ in
            let server = try LoopbackServer(repository)
            for _ in 0..<3 {
                try home.download("large.img", from: server.url).expectRefusal(["no space is left"])
                #expect(try Home.entries(of: home.targets) == [:])
            }
            // There is room for what fits, so nothing was left behind without a name either.
            try home.download("own.img", from: server.url).expectSuccess()
        }
    }

    @Test(arguments: ["metadata", "targets"])
    func thatCannotBeWrittenIsRefused(name: String) throws {
        let home = try Home(trusting: .version(1))
        let folder = home.folder.appending(path: name)
        try withSmallDisk(at: folder, home) { disk in
            #expect(try Self.run(["mount", "-o", "remount,ro", disk.path]) == 0)
            let before = try Home.entries(of: folder)
            let server = try LoopbackServer(.version(2))
            try home.download(Repository.wanted(2).path, from: server.url).expectRefusal([name])
            #expect(try Home.entries(of: folder) == before)

            #expect(try Self.run(["mount", "-o", "remount,rw", disk.path]) == 0)
            try Attack(at: .root).expectRecovery(of: home)
        }
    }

    /// Takes every page that is left.
    private func fill(_ file: URL) throws {
        #expect(FileManager.default.createFile(atPath: file.path, contents: nil))
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        while (try? handle.write(contentsOf: Data(count: 4096))) != nil {}
    }

    /// Runs `body` while `folder`, with what is in it, is a file system of 64 KiB.
    ///
    /// Only root may mount one; where that is refused, a known issue says what was not tried.
    private func withSmallDisk(at folder: URL, _ home: Home, _ body: (URL) throws -> Void) throws {
        let entries = try Home.entries(of: folder)
        let mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "slipway", folder.path]
        guard try Self.run(mount) == 0 else {
            return withKnownIssue("a small disk is not tried here") {
                Issue.record("no small disk can be mounted")
            }
        }
        defer { _ = try? Self.run(["umount", "-l", folder.path]) }
        for case (let name, .file(let bytes)) in entries {
            try home.write(bytes, to: "\(folder.lastPathComponent)/\(name)")
        }
        try body(folder)
    }

    private static func run(_ arguments: [String]) throws -> Int32 {
        let process = ChildProcess()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}

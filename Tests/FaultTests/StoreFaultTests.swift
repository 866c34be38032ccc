import Foundation
import Glibc
import Rollouts
import TestSupport
import Testing

/// A database that is full, locked or away under load: everybody is told when to come back, and when
/// it can be used again, all goes on without a restart.
@Suite(.serialized) struct StoreFaultTests {
    private static let seed: UInt64 = 5

    @Test(arguments: ["data", "acme/repository"])
    func aFullDiskIsToldAndForgotten(place: String) throws {
        var isMounted = false
        let site = try Site(.sqlite) { folder in
            isMounted = try Self.mountSmallDisk(over: folder.appending(path: place))
        }
        defer { _ = try? Programs.run(["umount", "-l", site.path(place)]) }
        guard isMounted else {
            return withKnownIssue("a full disk is not tried here") {
                Issue.record("no small disk can be mounted; only root may")
            }
        }
        let load = try Load(on: site, seed: Self.seed)
        try load.gate.waitForAnswers(300)
        let filler = site.folder.appending(path: "\(place)/filler")
        Self.fill(filler)
        try Self.wait(for: "507", 10, load)
        try FileManager.default.removeItem(at: filler)
        try Self.goesOn(load, until: "507")
    }

    @Test func aLockedDatabaseIsToldAndForgotten() throws {
        let site = try Site(.sqlite)
        let load = try Load(on: site, seed: Self.seed)
        try load.gate.waitForAnswers(300)
        let other = ChildProcess()
        let input = Pipe()
        other.executableURL = URL(filePath: "/usr/bin/sqlite3")
        other.arguments = ["-cmd", ".timeout 60000", site.path("data/slipway.sqlite")]
        other.standardInput = input
        other.standardOutput = FileHandle.nullDevice
        try other.run()
        input.fileHandleForWriting.write(Data("BEGIN EXCLUSIVE;\n".utf8))
        // Nobody is kept for as long as it takes: all are told that it is busy.
        try Self.wait(for: "503", Load.threadCount + 5, load)
        try input.fileHandleForWriting.close()
        other.waitUntilExit()
        try Self.goesOn(load, until: "503")
    }

    /// What is open stays open; what was written meanwhile comes back with the file.
    @Test func aDatabaseThatIsAwayLosesNothing() throws {
        let site = try Site(.sqlite)
        let load = try Load(on: site, seed: Self.seed)
        try load.gate.waitForAnswers(200)
        let (place, away) = (site.path("data/slipway.sqlite"), site.path("data/away"))
        try FileManager.default.moveItem(atPath: place, toPath: away)
        try load.gate.waitForAnswers(200)
        site.kill(0)
        // A new one in its place would take with it what was written ahead.
        let end = try Programs.run("slipway-server", site.arguments)
        #expect(end.code == 65)
        #expect(end.words.contains("is not there, but"), "\(end.words)")
        try FileManager.default.moveItem(atPath: away, toPath: place)
        try site.start(0)
        load.gate.tellOfServer()
        try Self.goesOn(load, until: "500")
    }

    /// Where log and words of a server cannot be written, as on a full disk, it serves all the same.
    @Test func aLogThatCannotBeWrittenStopsNothing() throws {
        let site = try Site(.sqlite)
        site.kill(0)
        try FileManager.default.removeItem(atPath: site.path("data/address"))
        let process = ChildProcess()
        process.executableURL = Programs.folder.appending(path: "slipway-server")
        process.arguments = site.arguments + ["--port", "0", "--log-level", "trace"]
        let full = try FileHandle(forWritingTo: URL(filePath: "/dev/full"))
        process.standardOutput = full
        process.standardError = full
        let watch = inotify_init1(0)
        defer { close(watch) }
        #expect(inotify_add_watch(watch, site.path("data"), UInt32(IN_MOVED_TO)) > 0)
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        // The address is written, and put in its place, before it is said.
        var question = pollfd(fd: watch, events: Int16(POLLIN), revents: 0)
        try #require(poll(&question, 1, 60_000) == 1)
        let address = try String(contentsOfFile: site.path("data/address"), encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        for _ in 0..<3 { try Programs.succeed(["curl", "-fsS", "\(address)/healthz"]) }
        #expect(process.isRunning)
    }

    // MARK: What tests share

    private static func wait(for status: String, _ count: Int, _ load: Load) throws {
        while load.ledger.with({ $0.counts[status, default: 0] }) < count {
            try load.gate.waitForAnswers(1)
            let broken = load.ledger.with { $0.broken }
            guard broken.isEmpty else { return #expect(broken == []) }
        }
    }

    /// All is well again, in the same server.
    private static func goesOn(_ load: Load, until status: String) throws {
        // Those that were asked before.
        try load.gate.shut()
        let before = load.ledger.with { $0.counts[status, default: 0] }
        load.gate.open()
        try load.gate.waitForAnswers(300)
        try load.gate.end()
        #expect(load.ledger.with { $0.counts[status, default: 0] } == before)
        let books = Books(load: load)
        let found = try books.problems() + books.auditProblems(kept: nil)
        #expect(found == [])
    }

    /// - Returns: Whether there is one now, with all that was in the folder.
    private static func mountSmallDisk(over folder: URL) throws -> Bool {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let kept = folder.path + ".kept"
        try Programs.succeed(["cp", "-a", folder.path, kept])
        let mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "slipway", folder.path]
        guard try Programs.run(mount).code == 0 else { return false }
        try Programs.succeed(["cp", "-a", kept + "/.", folder.path])
        return true
    }

    private static func fill(_ file: URL) {
        guard FileManager.default.createFile(atPath: file.path, contents: nil) else { return }
        guard let handle = try? FileHandle(forWritingTo: file) else { return }
        // Ever smaller pieces, until not one byte fits.
        var size = 1 << 20
        while size > 0 {
            do { try handle.write(contentsOf: Data(count: size)) } catch { size /= 2 }
        }
    }
}

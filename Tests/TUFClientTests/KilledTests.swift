import Foundation
import TestSupport
import Testing

/// Whenever the client is killed, the next one finds what was trusted and finishes the work.
@Suite struct KilledTests {
    /// Killed while it waits for the answer at each position, of which it may have had a part.
    @Test(arguments: Position.allCases, [0, 40, 300])
    func isContinuedAfterEachAnswer(position: Position, sentBytes: Int) throws {
        let home = try Home(trusting: .version(1))
        let before = try Home.entries(of: home.targets)
        let attack = try Attack(at: position)
        let path = position.path(in: attack.repository)
        let files = try attack.repository.files()
        let wasReached = DispatchSemaphore(value: 0)
        let server = try LoopbackServer { request in
            guard request.target == path else { return .file(request.target, of: files) }
            guard case .bytes(let bytes) = Reply.file(path, of: files) else { return .text("") }
            wasReached.signal()
            return .bytesThenSilence(Array(bytes.prefix(min(sentBytes, bytes.count - 1))))
        }

        let client = try ClientProcess(
            home.arguments(toDownload: [Repository.wanted(2).path], from: server.url))
        #expect(wasReached.wait(timeout: .now() + .seconds(10)) == .success)
        client.kill()

        #expect(client.end().code == nil)
        #expect(try home.trusted() == attack.trusted())
        #expect(try Home.entries(of: home.targets) == before)
        try attack.expectRecovery(of: home)
    }

    /// Killed before each system call that changes something, as `strace` can do it.
    ///
    /// - Parameter isInTheWay: Whether something else has the name of the wanted target.
    @Test(arguments: [false, true])
    func isContinuedAfterEachStepOnTheDisk(isInTheWay: Bool) throws {
        guard try isTraceable() else {
            return withKnownIssue("no kill between two steps is tried here") {
                Issue.record("strace is missing, or may not trace")
            }
        }
        let repository = try Repository.version(2)
        let server = try LoopbackServer(repository)
        for call in Self.calls {
            var number = 1
            while try number < 100 && kill(at: call, number, server.url, isInTheWay) { number += 1 }
            #expect(number > 1 && number < 100, "\(call)")
        }
    }

    /// By the names that they have on one machine or another.
    private static let calls = [
        "?unlink,?unlinkat", "write", "fsync", "?rename,?renameat,?renameat2", "linkat",
    ]

    /// - Returns: Whether the client was killed before it had done its work.
    private func kill(
        at call: String, _ number: Int, _ url: String, _ isInTheWay: Bool
    ) throws -> Bool {
        let home = try Home(trusting: .version(1))
        let old: [UInt8] = [0]
        if isInTheWay { try home.write(old, to: "targets/\(Repository.wanted(2).storedName)") }
        let wrapper = [
            "strace", "-f", "-qq", "-o", "/dev/null", "-e",
            "inject=\(call):signal=KILL:when=\(number)",
        ]
        let client = try ClientProcess(
            home.arguments(toDownload: [Repository.wanted(2).path], from: url), wrapper: wrapper)
        let end = client.end()
        #expect(end.code == nil || end.code == 0, "\(call) \(number): \(end.notes)")
        let visible = try Home.entries(of: home.targets).filter { !$0.key.hasPrefix(".") }
        for (name, entry) in visible {
            let target = try #require(
                [1, 2].map { Repository.wanted($0) }.first { $0.storedName == name })
            let isOld = isInTheWay && entry == .file(old)
            #expect(isOld || entry == .file(target.content), "\(call) \(number)")
        }
        let isTrustedBefore = try Repository.version(1).trusted()
        let isTrustedAfter = try Repository.version(2).trusted()
        for (name, entry) in try home.trusted() where !name.hasSuffix(".new") {
            let versions = [isTrustedBefore[name], isTrustedAfter[name]].map {
                Entry.file($0 ?? [])
            }
            #expect(versions.contains(entry), "\(name) after \(call) \(number)")
        }
        try Attack(at: .root).expectRecovery(of: home)
        return end.code == nil
    }

    private func isTraceable() throws -> Bool {
        let process = ChildProcess()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["strace", "-qq", "-o", "/dev/null", "true"]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

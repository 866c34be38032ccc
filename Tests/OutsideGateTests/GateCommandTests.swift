import Foundation
import Model
import Rollouts
import Server
import TestSupport
import Testing

@testable import slipway_server

/// Programs of the server's owner that answer by their exit code.
@Suite struct GateCommandTests {
    private static let question = OutsideCheck.Question.command(must(CommandName("check-lab")))

    private static func ask(
        _ folder: ProgramFolder, timeoutSeconds: Int = 30
    ) async throws -> OutsideAnswer {
        try await OutsideGates.with([.gateCommands: folder.url.path]).ask(
            question, timeoutSeconds: timeoutSeconds)
    }

    private static func answer(of script: String) async throws -> OutsideAnswer {
        let folder = try ProgramFolder()
        try folder.add("check-lab", script)
        return try await ask(folder)
    }

    static let scripts: [(String, OutsideAnswer)] = [
        ("exit 0", .pass),
        ("echo all good; exit 0", .pass),
        ("echo 3 angry; echo more; exit 1", .fail("3 angry")),
        ("exit 1", .fail("check-lab gave no reason")),
        ("echo off; exit 2", .unknown("check-lab exited with 2: off")),
        ("exit 255", .unknown("check-lab exited with 255: ")),
        ("kill -9 $$", .unknown("check-lab was killed by signal 9")),
        ("echo only to the errors >&2; exit 1", .fail("check-lab gave no reason")),
        // It need not read the question.
        ("exec 0<&-; exit 0", .pass),
    ]

    @Test(arguments: scripts)
    func answersByItsExitCode(script: String, expected: OutsideAnswer) async throws {
        #expect(try await Self.answer(of: script) == expected)
    }

    @Test func isToldTheQuestionAndNothingOfOurs() async throws {
        setenv("SLIPWAY_SECRET", "token", 1)
        let folder = try ProgramFolder()
        try folder.add("check-lab", "cd '\(folder.url.path)'; cat > question; env > environment")
        #expect(try await Self.ask(folder) == .pass)
        let told = try #require(folder.text("question"))
        #expect(
            told == #"{"check":"qa","failed":2,"now":"1970-01-01T01:00:00Z","proven":40,"#
                + #""release":"acme 2.4.1","rollout":"gateway-2.4.1","#
                + #""since":"1970-01-01T00:00:00Z","wave":2,"wave_name":"early \"ö\""}"#)
        let names = try #require(folder.text("environment")).split(separator: "\n").map {
            $0.prefix { $0 != "=" }
        }
        // What a shell adds by itself.
        #expect(Set(names).subtracting(["PWD", "OLDPWD", "SHLVL", "_"]) == ["PATH", "LANG"])
    }

    @Test func aLongFirstLineIsCut() async throws {
        let answer = try await Self.answer(of: "head -c 10000000 /dev/zero | tr '\\0' x; exit 1")
        #expect(answer == .fail(String(repeating: "x", count: 512)))
    }

    /// The program and what it started are gone when time is over.
    @Test func isKilledWithAllThatItStarted() async throws {
        let folder = try ProgramFolder()
        let life = folder.url.appending(path: "life").path
        try #require(mkfifo(life, 0o600) == 0)
        let reading = open(life, O_RDONLY | O_NONBLOCK)
        defer { close(reading) }
        try folder.add(
            "check-lab",
            """
            cd '\(folder.url.path)'
            sh -c 'exec 3> life; echo > begun; exec sleep 1000' &
            sleep 1000
            """)
        #expect(
            try await Self.ask(folder, timeoutSeconds: 2)
                == .unknown("check-lab did not end in time"))
        #expect(folder.text("begun") != nil)
        // A pipe that is hung up is one that nobody can write to any more.
        var waiting = pollfd(fd: reading, events: 0, revents: 0)
        #expect(poll(&waiting, 1, 10_000) == 1)
        #expect(waiting.revents & Int16(POLLHUP) != 0)
    }

    @Test func outputWithoutEndIsReadAndForgotten() async throws {
        let folder = try ProgramFolder()
        try folder.add("check-lab", "yes")
        #expect(
            try await Self.ask(folder, timeoutSeconds: 1)
                == .unknown("check-lab did not end in time"))
    }

    /// What has closed its output may still run.
    @Test func silenceIsUnknown() async throws {
        let folder = try ProgramFolder()
        try folder.add("check-lab", "exec >&- 2>&-; sleep 1000")
        #expect(
            try await Self.ask(folder, timeoutSeconds: 1)
                == .unknown("check-lab did not end in time"))
    }

    @Test func aProgramThatIsNotThereIsUnknown() async throws {
        let folder = try ProgramFolder()
        let missing = OutsideAnswer.unknown(
            "there is no program check-lab in this server's gate_commands")
        #expect(try await Self.ask(folder) == missing)
        try folder.add("check-lab", "exit 0", mode: 0o644)
        #expect(try await Self.ask(folder) == missing)
    }

    @Test func whatCannotBeRunIsUnknown() async throws {
        let folder = try ProgramFolder()
        try FileManager.default.createDirectory(
            at: folder.url.appending(path: "check-lab"), withIntermediateDirectories: true)
        guard case .unknown = try await Self.ask(folder) else {
            Issue.record("a folder passed for a program")
            return
        }
    }

    @Test func withoutTheSettingNothingIsRun() async throws {
        let answer = try await OutsideGates.with([:]).ask(Self.question)
        #expect(
            answer == .unknown("this server's setting gate_commands names no folder of programs"))
    }

    @Test func aSettingThatIsNoFolderIsRefused() {
        #expect(throws: ServerProblem.self) {
            try OutsideGates.with([.gateCommands: "/etc/passwd"])
        }
    }

    @Test func manyAtOnceAnswerEachForItself() async throws {
        let folder = try ProgramFolder()
        for number in 0..<16 { try folder.add("c\(number)", "echo \(number); exit 1") }
        let gates = try OutsideGates.with([.gateCommands: folder.url.path])
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<16 {
                group.addTask {
                    let name = must(CommandName("c\(number)"))
                    #expect(await gates.ask(.command(name)) == .fail("\(number)"))
                }
            }
        }
    }
}

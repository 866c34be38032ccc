import Foundation
import TestSupport
import Testing

@testable import slipway_server

/// Whether another process has ended is told only where it is certain.
@Suite struct ProcessMarkTests {
    private func mark(of process: ChildProcess, _ own: ProcessMark) throws -> ProcessMark {
        let text = try String(
            contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
        let fields = text[text.index(after: try #require(text.lastIndex(of: ")")))...]
            .split(separator: " ")
        return try #require(
            ProcessMark("\(own.place) \(process.processIdentifier) \(fields[19])"))
    }

    @Test func seesThatAProcessOfThisMachineHasEnded() throws {
        let own = try #require(ProcessMark.current())
        #expect(!own.hasEnded)
        #expect(ProcessMark(own.text) == own)
        let process = ChildProcess()
        process.executableURL = URL(filePath: "/bin/cat")
        process.standardInput = Pipe()
        try process.run()
        let other = try mark(of: process, own)
        #expect(!other.hasEnded)
        process.terminate()
        process.waitUntilExit()
        #expect(other.hasEnded)
    }

    /// Numbers of processes are used again.
    @Test func anotherProcessWithTheSameNumberIsNotTheSame() throws {
        let own = try #require(ProcessMark.current())
        let former = try #require(ProcessMark("\(own.place) \(own.process) 1"))
        #expect(former.hasEnded)
    }

    @Test(arguments: ["other pid:[1] 1 1", "other pid:[1] 999999 1"])
    func ofAnotherMachineNobodyCanTell(text: String) throws {
        let mark = try #require(ProcessMark(text))
        #expect(!mark.hasEnded)
    }

    @Test(arguments: ["", "a b", "a b -1 2", "a b 0 2", "a b c d", "a b 1 2 3"])
    func readsOnlyMarks(text: String) { #expect(ProcessMark(text) == nil) }
}

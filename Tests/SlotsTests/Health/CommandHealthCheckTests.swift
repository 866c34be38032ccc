import Agent
import Foundation
import Slots
import Testing

@Suite struct CommandHealthCheckTests {
    private func verdict(
        _ script: String, timeout: Duration = .seconds(20), arguments: [String] = []
    ) throws -> HealthVerdict {
        CommandHealthCheck(
            command: ["/bin/sh", "-c", script, "sh"] + arguments, timeout: timeout,
            slotPath: { "/slots/\($0)" }
        ).run(in: try slot("b"), within: .seconds(600))
    }

    @Test func isHealthyWhenItExitsWithZero() throws {
        #expect(try verdict("echo all is well; exit 0") == .healthy)
    }

    @Test func isHealthyWhenThereIsNothingToRun() throws {
        let check = CommandHealthCheck(command: [], timeout: .seconds(1), slotPath: { _ in "" })
        #expect(check.run(in: try slot("b"), within: .seconds(600)) == .healthy)
    }

    @Test func tellsTheLastLineOfEitherStream() throws {
        #expect(
            try verdict("echo first; echo 'no uplink' >&2; exit 3")
                == .unhealthy("the health check exited with 3: no uplink"))
        #expect(try verdict("exit 3") == .unhealthy("the health check exited with 3: "))
    }

    @Test func keepsAShortEndOfALongOutput() throws {
        #expect(
            try verdict("head -c 1000000 /dev/zero | tr '\\0' x; echo; printf end; exit 1")
                == .unhealthy("the health check exited with 1: end"))
        #expect(
            try verdict("head -c 5000 /dev/zero | tr '\\0' x; exit 1")
                == .unhealthy(
                    "the health check exited with 1: \(String(repeating: "x", count: 200))"))
    }

    @Test func tellsTheSignalThatKilledIt() throws {
        #expect(
            try verdict("echo dying; kill -9 $$")
                == .unhealthy("the health check was killed by signal 9: dying"))
    }

    @Test func isToldThePathOfTheSlot() throws {
        #expect(try verdict("[ \"$1\" = /slots/b ]", arguments: ["{slot}"]) == .healthy)
    }

    @Test func readsNothing() throws {
        #expect(try verdict("read line && exit 1; exit 0") == .healthy)
    }

    @Test func aMissingProgramIsUnhealthy() throws {
        let check = CommandHealthCheck(
            command: ["/nowhere/check"], timeout: .seconds(1), slotPath: { _ in "" })
        #expect(
            check.run(in: try slot("b"), within: .seconds(600))
                == .unhealthy("the health check did not start: /nowhere/check does not exist"))
    }

    private static let late = HealthVerdict.unhealthy(
        "the health check did not end within 0 s")

    /// The fifo ends for its reader when the grandchild, its last writer, does.
    @Test func timeEndsItsGrandchildrenToo() throws {
        let folder = try TemporaryFolder()
        let fifo = "\(folder.path)/alive"
        #expect(try run("/usr/bin/env", "mkfifo", fifo).status == 0)
        // Opened for both first, so that opening the other ends waits for nobody.
        let both = try #require(FileHandle(forUpdatingAtPath: fifo))
        let reader = try #require(FileHandle(forReadingAtPath: fifo))
        let clock = SystemClock.ofThisProcess
        #expect(
            try verdict(
                "(exec 3>\"$1\"; echo up >&3; exec sleep 30) & wait",
                timeout: .seconds(2), arguments: [fifo])
                == .unhealthy("the health check did not end within 2 s"))
        try both.close()
        #expect(try reader.readToEnd() == Data("up\n".utf8))
        #expect(clock.uptime < .seconds(25))
    }

    @Test func aProgramThatClosesItsOutputIsNotWaitedForLonger() throws {
        #expect(
            try verdict("exec >&- 2>&-; exec sleep 30", timeout: .milliseconds(300))
                == Self.late)
        #expect(
            try verdict("exec >&- 2>&-; exit 4")
                == .unhealthy("the health check exited with 4: "))
    }

    @Test func aGrandchildThatKeepsTheOutputCountsAsNotEnded() throws {
        #expect(
            try verdict("sleep 30 & exit 0", timeout: .milliseconds(300)) == Self.late)
    }

    @Test func aCommandOfTheMachineFailsWithWhatItSaid() throws {
        try Command.run(["/bin/true"], timeout: .seconds(20))
        #expect(throws: SlotError.self) {
            try Command.run(["/bin/sh", "-c", "echo no; exit 1"], timeout: .seconds(20))
        }
    }
}

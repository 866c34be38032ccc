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
        ).run(in: try slot("b"))
    }

    @Test func isHealthyWhenItExitsWithZero() throws {
        #expect(try verdict("echo all is well; exit 0") == .healthy)
    }

    @Test func isHealthyWhenThereIsNothingToRun() throws {
        let check = CommandHealthCheck(command: [], timeout: .seconds(1), slotPath: { _ in "" })
        #expect(check.run(in: try slot("b")) == .healthy)
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
            check.run(in: try slot("b"))
                == .unhealthy("the health check did not start: /nowhere/check does not exist"))
    }

    private static let late = HealthVerdict.unhealthy(
        "the health check did not end within 0 s")

    /// The fifo has a writer only as long as the grandchild lives: its end is the proof.
    @Test(.timeLimit(.minutes(1))) func timeEndsItsGrandchildrenToo() throws {
        let folder = try TemporaryFolder()
        let fifo = "\(folder.path)/alive"
        #expect(try run("/usr/bin/env", "mkfifo", fifo).status == 0)
        // Opened for both, so that nobody waits for the other side to open.
        let reader = try #require(FileHandle(forUpdatingAtPath: fifo))
        #expect(
            try verdict(
                "(exec 3>\"$1\"; echo up >&3; exec sleep 1000) & wait",
                timeout: .milliseconds(700), arguments: [fifo]) == Self.late)
        #expect(try reader.read(upToCount: 3) == Data("up\n".utf8))
        let holders = try run(
            "/bin/sh", "-c", "ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c \"$1\"", "sh", fifo)
        // Only this process still holds it open.
        #expect(holders.output == "1\n")
    }

    @Test(.timeLimit(.minutes(1))) func aProgramThatClosesItsOutputIsNotWaitedForLonger() throws {
        #expect(
            try verdict("exec >&- 2>&-; exec sleep 1000", timeout: .milliseconds(300))
                == Self.late)
        #expect(
            try verdict("exec >&- 2>&-; exit 4")
                == .unhealthy("the health check exited with 4: "))
    }

    @Test(.timeLimit(.minutes(1))) func aGrandchildThatKeepsTheOutputCountsAsNotEnded() throws {
        #expect(
            try verdict("sleep 1000 & exit 0", timeout: .milliseconds(300)) == Self.late)
    }

    @Test func aCommandOfTheMachineFailsWithWhatItSaid() throws {
        try Command.run(["/bin/true"], timeout: .seconds(20))
        #expect(throws: SlotError.self) {
            try Command.run(["/bin/sh", "-c", "echo no; exit 1"], timeout: .seconds(20))
        }
    }
}

import Agent
import Foundation
import Slots
import Testing

/// With a program in the place of `systemctl` that tells what it was told to, state after state.
@Suite struct SystemdHealthCheckTests {
    private let folder: TemporaryFolder
    private let clock = HandClock()

    init() throws { folder = try TemporaryFolder() }

    private func verdict(
        _ states: String..., within seconds: Int64 = 600
    ) throws -> HealthVerdict {
        try folder.write(states.joined(separator: "\n") + "\n", to: "states")
        // The last state stays.
        let script = """
            [ "$1 $2 $3 $4" = "show --property=LoadState,ActiveState,SubState,Result -- web.service" ] || exit 9
            set -- $(head -n 1 \(folder.path)/states)
            [ $(wc -l < \(folder.path)/states) -gt 1 ] && sed -i 1d \(folder.path)/states
            printf 'LoadState=%s\\nActiveState=%s\\nSubState=%s\\nResult=%s\\n' "$@"
            """
        return SystemdHealthCheck(
            unit: "web.service", systemctl: ["/bin/sh", "-c", script, "systemctl"], clock: clock,
            pause: clock.pause
        ).run(in: try slot("b"), within: .seconds(seconds))
    }

    @Test func isHealthyWhenTheUnitIsActive() throws {
        #expect(try verdict("loaded active running success") == .healthy)
        #expect(clock.pauses.isEmpty)
    }

    @Test func waitsForAUnitThatStarts() throws {
        #expect(
            try verdict(
                "loaded activating start-pre success", "loaded activating auto-restart exit-code",
                "loaded reloading reload success", "loaded active running success") == .healthy)
        #expect(clock.pauses.count == 3)
    }

    @Test func aUnitThatFailedSaysHow() throws {
        #expect(
            try verdict("loaded activating start success", "loaded failed failed exit-code")
                == .unhealthy("it is failed (failed, exit-code)"))
        #expect(
            try verdict("loaded inactive dead success")
                == .unhealthy("it is inactive (dead, success)"))
    }

    @Test func aUnitThatIsNotThereSaysSo() throws {
        #expect(
            try verdict("not-found inactive dead success")
                == .unhealthy("there is no such unit"))
    }

    @Test func aUnitThatStartsForEverIsWaitedForNoLongerThanThereIsTime() throws {
        let start = clock.uptime
        #expect(
            try verdict("loaded activating start success", within: 20)
                == .unhealthy("it was still starting after 20 s"))
        #expect(clock.uptime - start == .seconds(20))
    }

    @Test func aMachineWithoutSystemdSaysSo() throws {
        let check = SystemdHealthCheck(
            unit: "web.service", systemctl: ["/nowhere/systemctl"], clock: clock)
        #expect(
            check.run(in: try slot("b"), within: .seconds(60))
                == .unhealthy("systemd cannot be asked: /nowhere/systemctl does not exist"))
    }
}

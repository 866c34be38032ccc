import AgentSupport
import SimulatedDisk
import Slots
import Testing

/// A trial in which the new image's agent cannot even start.
@Suite struct LostTrialTests {
    struct Boot: CustomTestStringConvertible {
        let line: String
        let seconds: Int64
        let isOver: Bool
        var testDescription: String { "\(line) after \(seconds) s" }
    }

    static let boots = [
        Boot(line: "ro slipway.slot=b slipway.trial=1 quiet\n", seconds: 600, isOver: true),
        Boot(line: "ro slipway.slot=b slipway.trial=1 quiet\n", seconds: 599, isOver: false),
        Boot(line: "ro slipway.slot=b quiet\n", seconds: 6000, isOver: false),
        Boot(line: "ro slipway.slot=b slipway.trial=0\n", seconds: 6000, isOver: false),
        Boot(line: "ro -- slipway.trial=1\n", seconds: 6000, isOver: false),
    ]

    @Test(arguments: boots)
    func isGivenUpInATrialAloneAndNotAtOnce(boot: Boot) {
        let disk = CrashingDisk()
        disk.put("/proc/cmdline", boot.line)
        #expect(LostTrial.isOver(atUptime: .seconds(boot.seconds), on: disk) == boot.isOver)
    }

    @Test func nothingIsGivenUpWhereNobodyCanTell() {
        #expect(!LostTrial.isOver(atUptime: .seconds(6000), on: CrashingDisk()))
    }
}

import Agent
import Foundation
import Model
import Slots
import Testing

@Suite struct ManualHealthCheckTests {
    private let folder: TemporaryFolder
    private let confirmation: ManualConfirmation

    init() throws {
        folder = try TemporaryFolder()
        confirmation = ManualConfirmation(path: "\(folder.path)/confirmed")
    }

    private func boot(_ text: String) throws -> BootID { try #require(BootID(text)) }

    private func verdict(within time: Duration) throws -> HealthVerdict {
        let boot = try boot("boot-2")
        return ManualHealthCheck(
            confirmation, boot: { boot }, clock: SystemClock.ofThisProcess
        ).run(in: try slot("b"), within: time)
    }

    @Test(.timeLimit(.minutes(1))) func aConfirmationFromBeforeCounts() throws {
        try confirmation.give(for: try boot("boot-2"))
        #expect(try verdict(within: .seconds(100_000)) == .healthy)
    }

    @Test(.timeLimit(.minutes(1))) func aConfirmationEndsTheWait() throws {
        let (confirmation, boot) = (confirmation, try boot("boot-2"))
        let other = try self.boot("boot-1")
        // Files that mean nothing come first.
        try confirmation.give(for: other)
        try folder.write("x", to: "noise")
        Thread { try? confirmation.give(for: boot) }.start()
        #expect(try verdict(within: .seconds(100_000)) == .healthy)
    }

    @Test func aConfirmationOfAnotherBootIsNone() throws {
        try confirmation.give(for: try boot("boot-1"))
        #expect(
            try verdict(within: .milliseconds(20))
                == .unhealthy(
                    "nobody at the device has confirmed the new image within 0 s"))
    }

    @Test func aFolderThatIsNotThereIsUnhealthy() throws {
        let boot = try boot("boot-2")
        let check = ManualHealthCheck(
            ManualConfirmation(path: "/nowhere/confirmed"), boot: { boot },
            clock: SystemClock.ofThisProcess)
        #expect(
            check.run(in: try slot("b"), within: .seconds(60))
                == .unhealthy("/nowhere does not exist"))
    }
}

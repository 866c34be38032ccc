import Agent
import AgentSupport
import Foundation
import Model
import SimulatedDisk
import Slots
import Testing

/// The link that says which version is started, with the start script that follows it.
@Suite struct LinkBootloaderTests {
    private let folder: TemporaryFolder
    private let bootloader: LinkBootloader

    init() throws {
        folder = try TemporaryFolder()
        for name in ["a", "b"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/versions/\(name)", withIntermediateDirectories: true)
        }
        try folder.write("confirmed=a\n", to: "environment")
        bootloader = LinkBootloader(folder: folder.path)
    }

    static let script = packageRoot.appending(path: "packaging/directories/slipway-link").path

    /// Starts the application: the script decides, and the link is followed.
    ///
    /// - Returns: The version that is started.
    private func start() throws -> String {
        let end = try run("/bin/sh", Self.script, folder.path)
        try #require(end.status == 0, "\(end.error)")
        let target = try FileManager.default.destinationOfSymbolicLink(
            atPath: "\(folder.path)/current")
        return String(target.split(separator: "/")[1])
    }

    @Test func startsWhatIsConfirmed() throws {
        #expect(try start() == "a")
        let status = try bootloader.status()
        let a = try slot("a")
        #expect(status.booted == a && status.confirmed == a)
        #expect(status.trial == .none)
    }

    @Test func everyStartIsAnotherBoot() throws {
        _ = try start()
        let first = try bootloader.status().bootID
        _ = try start()
        #expect(try bootloader.status().bootID != first)
    }

    @Test func aTrialIsStartedOnceAndThenGoneBackFrom() throws {
        _ = try start()
        try bootloader.arm(slot("b"))
        #expect(try bootloader.status().trial == .armed(slot("b")))
        #expect(try start() == "b")
        #expect(try bootloader.status().trial == .spent(slot("b")))
        #expect(try bootloader.status().booted == slot("b"))
        #expect(try start() == "a")
        #expect(try bootloader.status().trial == .spent(slot("b")))
        try bootloader.disarm()
        #expect(try start() == "a")
        #expect(try bootloader.status().trial == .none)
    }

    @Test func aConfirmedTrialStays() throws {
        _ = try start()
        try bootloader.arm(slot("b"))
        _ = try start()
        try bootloader.confirm(slot("b"))
        #expect(try bootloader.status().confirmed == slot("b"))
        for _ in 0..<2 { #expect(try start() == "b") }
    }

    @Test func disarmedIsNotTried() throws {
        _ = try start()
        try bootloader.arm(slot("b"))
        try bootloader.disarm()
        #expect(try start() == "a")
    }

    @Test func aVersionThatIsNotThereIsNotArmed() throws {
        try FileManager.default.removeItem(atPath: "\(folder.path)/versions/b")
        #expect(throws: SlotError.missing(path: "\(folder.path)/versions/b")) {
            try bootloader.arm(slot("b"))
        }
        try folder.write("confirmed=a\ntrial=b\ntries=1\n", to: "environment")
        #expect(try start() == "a")
        #expect(try bootloader.status().trial == .spent(slot("b")))
    }

    @Test func aStartThatTheScriptDidNotSeeIsNotBelieved() throws {
        _ = try start()
        try FileManager.default.removeItem(atPath: "\(folder.path)/current")
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/current", withDestinationPath: "versions/b")
        #expect(
            throws: SlotError.malformed(
                path: "\(folder.path)/current",
                problem: "it leads to versions/b, and slot a was started")
        ) { try bootloader.status() }
        _ = try start()
        try folder.write("slot=a\nboot_id=x\nkernel_boot_id=of-yesterday\n", to: "booted")
        #expect(
            throws: SlotError.malformed(
                path: "\(folder.path)/booted", problem: "it is of an earlier boot of the machine")
        ) { try bootloader.status() }
    }

    @Test(arguments: ["", "confirmed=\n", "confirmed=../x\n"])
    func anEnvironmentThatSaysNothingStartsNothing(text: String) throws {
        try folder.write(text, to: "environment")
        #expect(try run("/bin/sh", Self.script, folder.path).status == 1)
        #expect(!folder.has("current"))
    }

    /// Every write of the script is one call of `mv`; a cut between any two is safe.
    @Test(arguments: 1...3)
    func aStartThatIsCutOffEndsAtTheConfirmedVersion(cut: Int) throws {
        _ = try start()
        try bootloader.arm(slot("b"))
        // The power fails at the write number `cut`.
        try folder.write("0", to: "writes")
        let program = """
            mv() {
                n=$(($(cat writes) + 1)); echo $n > writes
                [ $n -lt \(cut) ] || exit 9
                command mv "$@"
            }
            """
        let text = try String(contentsOfFile: Self.script, encoding: .utf8)
        try folder.write(
            text.replacingOccurrences(of: "cd \"$1\"", with: "cd \"$1\"\n\(program)"),
            to: "cut-script")
        let end = try run("/bin/sh", "\(folder.path)/cut-script", folder.path)
        #expect(end.status == 9)
        // Only a cut before the try was taken leaves it; then the trial is still to come.
        #expect(try start() == (cut == 1 ? "b" : "a"))
        #expect(try start() == "a")
        #expect(try bootloader.status().trial == .spent(slot("b")))
    }

    /// Arming, confirming and forgetting are each there or not, wherever the power is cut.
    @Test func eachWriteOfTheAgentIsWholeOrNot() throws {
        let disk = CrashingDisk()
        disk.put("/app/environment", "confirmed=a\n")
        disk.put("/app/booted", "slot=a\nboot_id=one\nkernel_boot_id=k\n")
        disk.put("/app/current", linkTo: "versions/a")
        disk.put("/app/versions/b/file", "x")
        disk.put("/kernel", "k\n")
        func loader(_ disk: CrashingDisk) -> LinkBootloader {
            LinkBootloader(folder: "/app", kernelBootIDPath: "/kernel", on: disk)
        }
        let (a, b) = (try slot("a"), try slot("b"))
        var count = 0
        try disk.forEachCut(of: { try loader($0).arm(slot("b")) }) { state in
            count += 1
            let status = try loader(state.disk).status()
            #expect(status.confirmed == a)
            if state.isComplete || status.trial != .none {
                #expect(status.trial == .armed(b))
            }
        }
        try loader(disk).arm(slot("b"))
        try disk.copy().forEachCut(of: { try loader($0).confirm(slot("b")) }) { state in
            count += 1
            let status = try loader(state.disk).status()
            if state.isComplete || status.confirmed != a {
                #expect(status.confirmed == b)
            }
        }
        #expect(count > 10)
    }
}

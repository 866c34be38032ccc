import Agent
import Foundation
import Model
import Slots
import Testing

@Suite struct CommandLogTailTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func lines(
        _ script: String, ofPreviousBoot isPrevious: Bool = false,
        timeout: Duration = .seconds(20)
    ) -> String? {
        let command = ["/bin/sh", "-c", script]
        return CommandLogTail(
            current: isPrevious ? ["/bin/false"] : command,
            previous: isPrevious ? command : ["/bin/false"], crashFolder: folder.path,
            timeout: timeout
        ).lines(ofPreviousBoot: isPrevious)
    }

    @Test func tellsWhatTheProgramPrints() {
        #expect(lines("printf 'one\\ntwo\\n'") == "one\ntwo\n")
        #expect(lines("printf 'one\\ntwo\\n'", ofPreviousBoot: true) == "one\ntwo\n")
    }

    @Test func keepsTheEndInWholeLines() throws {
        let text = try #require(lines("seq 1 100000"))
        #expect(text.hasSuffix("\n99999\n100000\n"))
        #expect(text.utf8.count <= LogText.maximumByteCount)
        #expect(text.split(separator: "\n").allSatisfy { (Int($0) ?? 0) > 90_000 })
    }

    @Test(.timeLimit(.minutes(1))) func aProgramThatFailsHasNoLog() {
        #expect(lines("echo 'no persistent journal was found'; exit 1") == nil)
        #expect(lines("echo half; exec sleep 600", timeout: .milliseconds(100)) == nil)
        #expect(lines("exit 0") == nil)
        let none = CommandLogTail(current: [], previous: [], crashFolder: "/nowhere")
        #expect(none.lines(ofPreviousBoot: false) == nil)
        #expect(none.lines(ofPreviousBoot: true) == nil)
    }

    @Test func theKernelsLastWordsFollowTheLogOfTheBootBefore() throws {
        try folder.write("Oops\nKernel panic - not syncing\n", to: "dmesg-ramoops-0")
        #expect(
            lines("echo started", ofPreviousBoot: true)
                == "started\n\n[dmesg-ramoops-0]\nOops\nKernel panic - not syncing\n")
        // This boot has not crashed.
        #expect(lines("echo started") == "started\n")
    }

    @Test func theKernelsLastWordsAreEnough() throws {
        try folder.write("Kernel panic\n", to: "dmesg-efi-1")
        #expect(lines("exit 1", ofPreviousBoot: true) == "[dmesg-efi-1]\nKernel panic\n")
    }

    @Test func eachHasHalfOfTheRoom() throws {
        let panic = (1...1000).map { "panic \($0)\n" }.joined()
        try folder.write(panic, to: "dmesg-ramoops-0")
        let text = try #require(lines("seq 1 100000", ofPreviousBoot: true))
        #expect(text.utf8.count <= LogText.maximumByteCount)
        #expect(text.contains("\n100000\n\n[dmesg-ramoops-0]\npanic "))
        #expect(text.hasSuffix("panic 1000\n"))
        let own = try #require(text.split(separator: "[").first)
        #expect((1900...2048).contains(own.utf8.count))
    }

    @Test func theNewestCrashIsTold() throws {
        try folder.write("old\n", to: "dmesg-ramoops-1")
        try folder.write("new\n", to: "dmesg-ramoops-0")
        try folder.write("console\n", to: "console-ramoops-0")
        try folder.touch("dmesg-ramoops-1", at: 1000)
        try folder.touch("dmesg-ramoops-0", at: 2000)
        try folder.touch("console-ramoops-0", at: 3000)
        #expect(lines("exit 1", ofPreviousBoot: true) == "[dmesg-ramoops-0]\nnew\n")
    }

    /// UEFI keeps a crash in pieces of about a kibibyte, and counts them from the end.
    @Test func thePartsOfOneCrashAreJoined() throws {
        for (part, text) in [("1", "last"), ("2", "middle"), ("3", "first")] {
            try folder.write("Panic#1 Part\(part)\n\(text)\n", to: "dmesg-efi-17\(part)")
            try folder.touch("dmesg-efi-17\(part)", at: 2000)
        }
        let text = try #require(lines("exit 1", ofPreviousBoot: true))
        #expect(
            text.split(separator: "\n").filter { !$0.contains("#") }
                == ["[dmesg-efi-171]", "first", "middle", "last"])
    }

    @Test func theConsoleIsTakenWhereThereIsNothingBetter() throws {
        try folder.write("login:\n", to: "console-ramoops-0")
        try folder.write("x", to: "pmsg-ramoops-0")
        #expect(lines("exit 1", ofPreviousBoot: true) == "[console-ramoops-0]\nlogin:\n")
    }

    @Test func theJournalIsAskedWhereThereIsOne() throws {
        #expect(CommandLogTail.journal(among: ["/nowhere"]) == nil)
        try folder.script("echo \"$@\"", to: "journalctl")
        let tail = try #require(CommandLogTail.journal(among: ["/nowhere", folder.path]))
        #expect(tail.lines(ofPreviousBoot: false) == "-b -n 50 --no-pager -o cat\n")
        let before = try #require(tail.lines(ofPreviousBoot: true))
        #expect(before.hasPrefix("-b -1 -n 50 --no-pager -o cat\n"))
    }
}

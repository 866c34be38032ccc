import Agent
import Foundation
import Model
import Slots
import Testing

@Suite struct ConsentTests {
    private let folder: TemporaryFolder
    private let clock = HandClock()
    private let release: ReleaseID

    init() throws {
        folder = try TemporaryFolder()
        release = try #require(ReleaseID("acme-gateway 2.0"))
        clock.now = Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970))
    }

    private var path: String { "\(folder.path)/not-now" }

    private func file(staleAfter: Duration = .seconds(3600)) -> FileConsent {
        FileConsent(path: path, staleAfter: staleAfter, clock: clock)
    }

    @Test func agreesWhenThereIsNoFile() { #expect(file().ask(for: release) == .yes) }

    @Test func theFirstLineOfTheFileIsTheReason() throws {
        try folder.write("a patient is connected\nmore\n", to: "not-now")
        #expect(file().ask(for: release) == .notNow("a patient is connected"))
        try folder.write(String(repeating: "x", count: 10_000), to: "not-now")
        #expect(file().ask(for: release) == .notNow(String(repeating: "x", count: 200)))
        try folder.write("\u{1b}[31mred\n", to: "not-now")
        #expect(file().ask(for: release) == .notNow(" [31mred"))
    }

    @Test func anEmptyFileSaysItAsWell() throws {
        try folder.write("", to: "not-now")
        #expect(file().ask(for: release) == .notNow("\(path) is there"))
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        #expect(file().ask(for: release) == .notNow("\(path) is there"))
    }

    @Test func whatWasLeftBehindCountsNoMore() throws {
        try folder.write("busy\n", to: "not-now")
        let now = clock.now.secondsSinceEpoch
        try folder.touch("not-now", at: now - 3599)
        #expect(file().ask(for: release) == .notNow("busy"))
        try folder.touch("not-now", at: now - 3600)
        #expect(file().ask(for: release) == .yes)
    }

    /// The clock of the device was, or is, in 1970.
    @Test(arguments: [true, false]) func aClockThatIsWrongBlocksForNoLonger(isEarly: Bool) throws {
        try folder.write("busy\n", to: "not-now")
        clock.now = Instant(secondsSinceEpoch: isEarly ? 100 : clock.now.secondsSinceEpoch)
        let consent = file()
        try folder.touch("not-now", at: 4_000_000_000)
        #expect(consent.ask(for: release) == .notNow("busy"))
        clock.pass(.seconds(3599))
        #expect(consent.ask(for: release) == .notNow("busy"))
        clock.pass(.seconds(1))
        #expect(consent.ask(for: release) == .yes)
        // Whoever touches it means it.
        try folder.touch("not-now", at: 4_000_000_001)
        #expect(consent.ask(for: release) == .notNow("busy"))
    }

    private func command(
        _ script: String, timeout: Duration = .seconds(20)
    ) -> ConsentVerdict {
        CommandConsent(
            command: ["/bin/sh", "-c", script, "sh", "{release}"], timeout: timeout
        ).ask(for: release)
    }

    @Test func aProgramIsAsked() {
        #expect(command("exit 0") == .yes)
        #expect(command("echo why; echo a film is shown; exit 75") == .notNow("a film is shown"))
        #expect(command("exit 75") == .notNow("/bin/sh says not now"))
        #expect(command("[ \"$1\" = 'acme-gateway 2.0' ]") == .yes)
    }

    @Test(.timeLimit(.minutes(1))) func aProgramThatFailsHasNotAgreed() {
        #expect(
            command("echo oops; exit 1")
                == .notNow("/bin/sh, which is asked for consent, exited with 1: oops"))
        #expect(
            command("exec sleep 600", timeout: .milliseconds(100))
                == .notNow("/bin/sh, which is asked for consent, did not end in time"))
        #expect(
            CommandConsent(command: ["/nowhere/ask"], timeout: .seconds(1)).ask(for: release)
                == .notNow("nobody can be asked for consent: /nowhere/ask does not exist"))
    }

    @Test func eachMayObject() throws {
        let busy = CommandConsent(
            command: ["/bin/sh", "-c", "echo busy; exit 75"], timeout: .seconds(20))
        let free = CommandConsent(command: ["/bin/true"], timeout: .seconds(20))
        #expect(Consents([]).ask(for: release) == .yes)
        #expect(Consents([free, free]).ask(for: release) == .yes)
        #expect(Consents([free, busy]).ask(for: release) == .notNow("busy"))
        #expect(Consents([busy, free]).ask(for: release) == .notNow("busy"))
    }
}

import Agent
import AgentSupport
import Foundation
import Model
import SimulatedDisk
import Slots
import Testing

/// A program that speaks for a bootloader.
@Suite struct CommandBootloaderTests {
    private let folder: TemporaryFolder
    private let kernel = CrashingDisk()

    init() throws {
        folder = try TemporaryFolder()
        Machine.start("a", on: kernel)
    }

    private func bootloader(
        _ script: String, timeout: Duration = .seconds(20)
    ) throws -> CommandBootloader {
        CommandBootloader(
            command: ["/bin/sh", "-c", script, "boot", folder.path], timeout: timeout,
            booted: try Machine.booted(on: kernel))
    }

    /// As short as such a program may be.
    private static let program = #"""
        cd "$1" || exit 1
        echo "called: $2 $3" >>calls
        case $2 in
            status) echo "a note for people"; cat state ;;
            arm) printf 'confirmed=a\ntrial=%s\ntries=1\n' "$3" >state ;;
            confirm) printf 'confirmed=%s\n' "$3" >state ;;
            disarm) sed -i '/^tr/d' state ;;
            *) exit 64 ;;
        esac
        """#

    @Test func isAskedWithVerbs() throws {
        let bootloader = try bootloader(Self.program)
        let b = try slot("b")
        try folder.write("confirmed=a\ntrial=\n", to: "state")
        var status = try bootloader.status()
        #expect(status.booted.text == "a")
        #expect(status.bootID.text == "boot-1")
        #expect(status.confirmed.text == "a")
        #expect(status.trial == .none)
        try bootloader.arm(b)
        #expect(try bootloader.status().trial == .armed(b))
        try bootloader.disarm()
        #expect(try bootloader.status().trial == .none)
        try bootloader.confirm(b)
        status = try bootloader.status()
        #expect(status.confirmed == b)
        #expect(try folder.text(of: "calls").contains("called: arm b\ncalled: status \n"))
    }

    @Test(arguments: [
        ("trial=b\ntries=0", "spent"), ("trial=b\ntries=3", "armed"),
        ("trial=b\ntries=unknown", "untold"), ("trial=\ntries=0", "none"), ("tries=0", "none"),
    ])
    func tellsOfATrial(lines: String, trial: String) throws {
        let b = try slot("b")
        let expected: [String: BootStatus.Trial] = [
            "armed": .armed(b), "spent": .spent(b), "untold": .untold(b), "none": .none,
        ]
        let status = try bootloader("echo 'booted=a\nconfirmed=a\n\(lines)'").status()
        #expect(status.trial == expected[trial])
    }

    @Test func itsOwnBootIDCounts() throws {
        #expect(try bootloader("echo confirmed=a; echo boot_id=x7").status().bootID.text == "x7")
    }

    @Test(arguments: [
        ("exit 3", "cannot run /bin/sh: status exited with 3: "),
        ("echo no luck >&2; exit 1", "cannot run /bin/sh: status exited with 1: no luck"),
        ("kill -9 $$", "cannot run /bin/sh: status was killed by signal 9"),
        ("", "the answer of /bin/sh is malformed: confirmed is \"\" and not a slot"),
        (
            "echo confirmed=c",
            "the answer of /bin/sh is malformed: confirmed is \"c\" and not a slot"
        ),
        (
            "echo confirmed=a; echo trial=b",
            "the answer of /bin/sh is malformed: tries is neither a number nor unknown"
        ),
        (
            "echo confirmed=a; echo trial=b; echo tries=-1",
            "the answer of /bin/sh is malformed: tries is neither a number nor unknown"
        ),
        (
            "echo confirmed=a; echo confirmed=b",
            "the answer of /bin/sh is malformed: confirmed is there twice, with different values"
        ),
        (
            "echo confirmed=a; echo boot_id=../x",
            "the answer of /bin/sh is malformed: boot_id is not a name"
        ),
        (
            "echo confirmed=a; echo booted=b",
            "/proc/cmdline is malformed: slipway.slot=a says that slot a runs, and "
                + "/bin/sh status says that slot b does"
        ),
    ])
    func aBadAnswerIsOneSentence(script: String, text: String) throws {
        // The root and the command line say the same: only the first of them is named.
        let error = #expect(throws: SlotError.self) { try bootloader(script).status() }
        #expect("\(try #require(error))" == text)
    }

    @Test func aProgramThatDoesNotEndIsEnded() throws {
        let error = #expect(throws: SlotError.self) {
            try bootloader("exec sleep 30", timeout: .milliseconds(200)).disarm()
        }
        #expect("\(try #require(error))".hasPrefix("cannot run /bin/sh: disarm did not end within"))
    }

    @Test func whatItSaysItDidIsAskedForAgain() throws {
        let liar = try bootloader("echo confirmed=a; echo trial=b; echo tries=0")
        var error = #expect(throws: SlotError.self) { try liar.arm(slot("b")) }
        #expect("\(try #require(error))".contains("said that slot b is armed, and then that it is"))
        error = #expect(throws: SlotError.self) { try liar.confirm(slot("b")) }
        #expect("\(try #require(error))".contains("said that slot b is confirmed, and then"))
    }

    @Test func aSlotThatIsNoneIsNotHandedOn() throws {
        #expect(throws: SlotError.missing(path: "slot c")) {
            try bootloader(Self.program).arm(slot("c"))
        }
        #expect(!folder.has("calls"))
    }

    @Test func aMissingProgramIsNamed() throws {
        let bootloader = CommandBootloader(
            command: ["/nowhere/boot"], timeout: .seconds(1),
            booted: try Machine.booted(on: kernel))
        #expect(throws: SlotError.missing(path: "/nowhere/boot")) { try bootloader.disarm() }
    }
}

import Agent
import Foundation
import Model
import Slots
import Testing

/// The two files are shared with shell scripts: their text is the interface.
@Suite struct SimulatedBootloaderTests {
    private let folder: TemporaryFolder
    private let bootloader: SimulatedBootloader

    init() throws {
        folder = try TemporaryFolder()
        bootloader = SimulatedBootloader(folder: folder.path)
        try folder.write("confirmed=a\n", to: "environment")
        try folder.write("slot=a\nboot_id=boot-1\n", to: "booted")
    }

    private var environment: String { get throws { try folder.text(of: "environment") } }

    @Test func saysWhatTheFilesSay() throws {
        let status = try bootloader.status()
        #expect(status.booted.text == "a")
        #expect(status.bootID.text == "boot-1")
        #expect(status.confirmed.text == "a")
        #expect(status.trial == .none)
    }

    @Test func armsConfirmsAndForgets() throws {
        try bootloader.arm(slot("b"))
        #expect(try environment == "confirmed=a\ntrial=b\ntries=1\n")
        #expect(try bootloader.status().trial == .armed(slot("b")))
        try bootloader.arm(slot("b"))
        #expect(try environment == "confirmed=a\ntrial=b\ntries=1\n")
        try bootloader.disarm()
        #expect(try environment == "confirmed=a\n")
        try bootloader.disarm()
        try bootloader.arm(slot("b"))
        try bootloader.confirm(slot("b"))
        #expect(try environment == "confirmed=b\n")
        try bootloader.confirm(slot("b"))
        #expect(try environment == "confirmed=b\n")
    }

    @Test func aSpentTrialIsArmedAgain() throws {
        try folder.write("confirmed=a\ntrial=b\ntries=0\n", to: "environment")
        #expect(try bootloader.status().trial == .spent(slot("b")))
        try bootloader.arm(slot("b"))
        #expect(try environment == "confirmed=a\ntrial=b\ntries=1\n")
    }

    /// The rule of the doc comment, as a machine's start script would follow it.
    static let startScript = #"""
        value() { sed -n "s/^$1=//p" "$2/environment"; }
        slot=$(value confirmed "$1"); trial=$(value trial "$1"); tries=$(value tries "$1")
        if [ -n "$trial" ] && [ "$tries" = 1 ]; then
            printf 'confirmed=%s\ntrial=%s\ntries=0\n' "$slot" "$trial" >"$1/environment"
            slot=$trial
        fi
        printf 'slot=%s\nboot_id=boot-2\n' "$slot" >"$1/booted"
        """#

    private func boot() throws {
        #expect(try run("/bin/sh", "-c", Self.startScript, "sh", folder.path).status == 0)
    }

    @Test func aScriptBootsAnArmedTrialOnce() throws {
        try bootloader.arm(slot("b"))
        try boot()
        var status = try bootloader.status()
        #expect(status.booted.text == "b")
        #expect(status.trial == .spent(try slot("b")))
        try boot()
        status = try bootloader.status()
        #expect(status.booted.text == "a")
        #expect(status.trial == .spent(try slot("b")))
    }

    @Test func aScriptKeepsBootingWhatWasConfirmed() throws {
        try bootloader.arm(slot("b"))
        try boot()
        try bootloader.confirm(slot("b"))
        try boot()
        let status = try bootloader.status()
        #expect(status.booted.text == "b")
        #expect(status.confirmed.text == "b")
        #expect(status.trial == .none)
    }

    @Test func keepsWhatOthersWrote() throws {
        try folder.write("bootdelay=3\nconfirmed=a\n", to: "environment")
        try bootloader.arm(slot("b"))
        #expect(try environment == "bootdelay=3\nconfirmed=a\ntrial=b\ntries=1\n")
    }

    @Test(arguments: ["environment", "booted"])
    func aMissingFileIsNamed(name: String) throws {
        try DurableFile.remove("\(folder.path)/\(name)")
        #expect(throws: SlotError.missing(path: "\(folder.path)/\(name)")) {
            try bootloader.status()
        }
    }

    @Test(arguments: [
        ("environment", "", "confirmed is not a slot"),
        ("environment", "confirmed=../a\n", "confirmed is not a slot"),
        ("environment", "confirmed=a\ntrial=b\n", "tries is not 0 or 1"),
        ("environment", "confirmed=a\ntrial=b\ntries=2\n", "tries is not 0 or 1"),
        ("environment", "confirmed=a\ntrial=\ntries=1\n", "trial is not a slot"),
        ("environment", "confirmed\n", "the line \"confirmed\" is not key=value"),
        ("booted", "slot=a\n", "boot_id is not a name"),
    ])
    func aMalformedFileIsAnError(name: String, text: String, problem: String) throws {
        try folder.write(text, to: name)
        #expect(
            throws: SlotError.malformed(path: "\(folder.path)/\(name)", problem: problem)
        ) { try bootloader.status() }
    }
}

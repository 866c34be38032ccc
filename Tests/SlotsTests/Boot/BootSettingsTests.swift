import Agent
import JSON
import Model
import Slots
import Testing

@testable import slipway_agent

/// The member `boot` of the configuration.
@Suite struct BootSettingsTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("\(folder.path)/env 0 0x400\n", to: "fw_env.config")
        try folder.write(String(repeating: "x", count: 1024), to: "env")
    }

    private func bootloader(_ boot: String) throws -> any Bootloader {
        let text = "{\"boot\": \(boot.replacing("FOLDER", with: folder.path))}"
        let value = try JSONValue(parsing: Array(text.utf8), limits: .standard(bytes: 4096))
        return try BootSettings.bootloader(
            JSONFields(value), slots: Machine.slots(), statePath: folder.path)
    }

    @Test func everyTypeIsMade() throws {
        #expect(try bootloader(#""FOLDER""#) is SimulatedBootloader)
        #expect(try bootloader(#"{"type": "grub", "environment": "/g"}"#) is GrubEnvironment)
        #expect(
            try bootloader(
                #"{"type": "uboot", "config": "FOLDER/fw_env.config", "accept_torn_copy": true}"#)
                is UBootEnvironment)
        #expect(
            try bootloader(
                #"{"type": "uboot-tools", "variables": {"good": "g", "try": "t", "tries": "n"}}"#)
                is UBootTools)
        #expect(
            try bootloader(
                #"{"type": "systemd-boot", "esp": "/efi", "entries": {"a": "x", "b": "y"}}"#)
                is SystemdBoot)
        #expect(
            try bootloader(#"{"type": "efi", "entries": {"a": 1, "b": 2}}"#) is EFIBootNext)
        #expect(
            try bootloader(
                #"{"type": "tryboot", "autoboot": "/t", "partitions": {"a": 2, "b": 3}}"#)
                is Tryboot)
        #expect(
            try bootloader(#"{"type": "command", "command": ["/x"], "timeout_seconds": 5}"#)
                is CommandBootloader)
    }

    @Test func theMembersReachTheBootloader() throws {
        try folder.write("x", to: "grubenv")
        let grub = try bootloader(#"{"type": "grub", "environment": "FOLDER/grubenv"}"#)
        let error = #expect(throws: SlotError.self) { try grub.status() }
        #expect("\(try #require(error))".hasPrefix("\(folder.path)/grubenv is malformed"))
        let command = try bootloader(
            #"{"type": "command", "command": ["/bin/sh", "-c", "exit 9"], "slot_argument": "x="}"#)
        let refused = #expect(throws: SlotError.self) { try command.disarm() }
        #expect("\(try #require(refused))" == "cannot run /bin/sh: disarm exited with 9: ")
    }

    static let refused = [
        ("7", "boot: expected an object"), ("{}", "boot.type: expected a string"),
        (#"{"type": "lilo"}"#, "boot.type: expected one of grub, uboot, uboot-tools"),
        (#"{"type": "grub"}"#, "boot.environment: expected a string"),
        (#"{"type": "grub", "environment": "/g", "esp": "/e"}"#, "no member called \"esp\""),
        (
            #"{"type": "efi", "entries": {"a": 1}}"#,
            "boot.entries.b: expected a number"
        ),
        (
            #"{"type": "efi", "entries": {"a": 1, "b": 1}}"#,
            "boot.entries: expected another value for each slot"
        ),
        (
            #"{"type": "efi", "entries": {"a": 1, "b": 65536}}"#,
            "boot.entries.b: expected a number from 0 to 65535"
        ),
        (
            #"{"type": "efi", "entries": {"a": 1, "b": 2, "c": 3}}"#, "no member called \"c\""
        ),
        (
            #"{"type": "tryboot", "autoboot": "/t", "partitions": {"a": 0, "b": 3}}"#,
            "boot.partitions.a: expected a number from 1 to 99"
        ),
        (#"{"type": "command", "command": []}"#, "boot.command: expected a program"),
        (#"{"type": "command", "command": [7]}"#, "boot.command[0]: expected a string"),
        (#"{"type": "uboot", "config": "/nowhere"}"#, "/nowhere does not exist"),
        (#"{"type": "uboot-tools", "variables": {"bad": "x"}}"#, "no member called \"bad\""),
    ]

    @Test(arguments: refused)
    func aBadMemberIsNamed(boot: String, text: String) {
        do {
            _ = try bootloader(boot)
            Issue.record("\(boot) was taken")
        } catch { #expect("\(error)".contains(text), "\(error)") }
    }
}

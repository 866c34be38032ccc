import Agent
import AgentSupport
import SimulatedDisk
import Slots

/// The firmware of a Raspberry Pi.
struct TrybootModel: BootModel {
    static let path = "/boot/autoboot.txt"
    static let note = "/data/slipway/boot-trial"
    static let told = "/proc/device-tree/chosen/bootloader"

    var armsInStorage: Bool { false }

    func factory() throws -> CrashingDisk {
        let disk = CrashingDisk()
        disk.put(
            Self.path, "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n")
        disk.put("\(Self.told)/partition", [0, 0, 0, 2])
        disk.put("\(Self.told)/tryboot", [0, 0, 0, 0])
        disk.put("/data/slipway/state.json", "{}")
        Machine.start("a", on: disk)
        return disk
    }

    func bootloader(on disk: CrashingDisk) throws -> any Bootloader {
        Tryboot(
            autoboot: Self.path, partitions: [try slot("a"): 2, try slot("b"): 3],
            note: Self.note, booted: try Machine.booted(on: disk), on: disk)
    }

    struct BadFile: Error { let text: String }

    func boot(_ disk: CrashingDisk, argument: String?) throws -> String {
        let text = String(decoding: disk.live.bytes(Self.path) ?? [], as: UTF8.self)
        let isTrial = argument == "0 tryboot"
        let pattern =
            /\[all\]\ntryboot_a_b=1\nboot_partition=(\d)\n\[tryboot\]\nboot_partition=(\d)\n/
        guard let match = text.wholeMatch(of: pattern), match.1 != match.2 else {
            throw BadFile(text: text)
        }
        let partition = isTrial ? match.2 : match.1
        let slot = try known(["2": "a", "3": "b"][partition])
        disk.put("\(Self.told)/partition", [0, 0, 0, UInt8(partition) ?? 0])
        disk.put("\(Self.told)/tryboot", [0, 0, 0, isTrial ? 1 : 0])
        Machine.start(slot, on: disk)
        return slot
    }
}

import Agent
import AgentSupport
import SimulatedDisk
import Slots
import Testing

/// The firmware of a UEFI machine: entry 1 is slot a, entry 0x2A slot b, entry 7 the network.
struct EFIModel: BootModel {
    static let folder = "/sys/firmware/efi/efivars"
    static let note = "/data/slipway/boot-trial"
    static let numbers: [UInt8: String] = [1: "a", 0x2a: "b"]

    static func path(_ name: String) -> String {
        "\(folder)/\(name)-8be4df61-93ca-11d2-aa0d-00e098032b8c"
    }

    func factory() throws -> CrashingDisk {
        let disk = CrashingDisk()
        disk.firmware = Self.folder
        disk.put(Self.path("BootOrder"), [7, 0, 0, 0, 7, 0, 1, 0, 0x2a, 0])
        disk.put(Self.path("BootCurrent"), [6, 0, 0, 0, 1, 0])
        for name in ["Boot0001", "Boot002A", "Boot0007"] {
            disk.put(Self.path(name), [7, 0, 0, 0, 1, 0, 0, 0])
        }
        disk.immutable = [Self.path("BootOrder")]
        disk.put("/data/slipway/state.json", "{}")
        Machine.start("a", on: disk)
        return disk
    }

    func bootloader(on disk: CrashingDisk) throws -> any Bootloader {
        EFIBootNext(
            folder: Self.folder, numbers: [try slot("a"): 1, try slot("b"): 0x2a],
            note: Self.note, booted: try Machine.booted(on: disk), on: disk)
    }

    struct BadVariable: Error { let bytes: [UInt8] }

    func boot(_ disk: CrashingDisk, argument: String?) throws -> String {
        let order = disk.live.bytes(Self.path("BootOrder")) ?? []
        // Nothing may be lost from the order, and the entry of the network goes nowhere here.
        guard order.prefix(4) == [7, 0, 0, 0], order.count == 10,
            Set(order.dropFirst(4)) == [0, 1, 7, 0x2a]
        else { throw BadVariable(bytes: order) }
        var number = try #require(order.dropFirst(4).first { Self.numbers[$0] != nil })
        if let next = disk.live.bytes(Self.path("BootNext")), !next.isEmpty {
            guard next.count == 6, next.prefix(4) == [7, 0, 0, 0], next[5] == 0 else {
                throw BadVariable(bytes: next)
            }
            number = next[4]
            disk.take(Self.path("BootNext"))
        }
        let slot = try known(Self.numbers[number])
        disk.put(Self.path("BootCurrent"), [6, 0, 0, 0, number, 0])
        Machine.start(slot, on: disk)
        return slot
    }
}

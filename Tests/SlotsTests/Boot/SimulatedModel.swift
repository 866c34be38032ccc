import Agent
import AgentSupport
import SimulatedDisk
import Slots

/// Whatever starts a machine that is a process.
struct SimulatedModel: BootModel {
    static let folder = "/data/boot"

    func factory() throws -> CrashingDisk {
        let disk = CrashingDisk()
        disk.put("\(Self.folder)/environment", "confirmed=a\n")
        disk.put("\(Self.folder)/booted", "boot_id=boot-0\nslot=a\n")
        Machine.start("a", on: disk)
        return disk
    }

    func bootloader(on disk: CrashingDisk) throws -> any Bootloader {
        SimulatedBootloader(folder: Self.folder, on: disk)
    }

    func boot(_ disk: CrashingDisk, argument: String?) throws -> String {
        let path = "\(Self.folder)/environment"
        let text = String(decoding: disk.live.bytes(path) ?? [], as: UTF8.self)
        let lines = text.split(separator: "\n").map(String.init)
        let value = { (name: String) in
            lines.first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
        }
        var slot = try known(value("confirmed"))
        if let trial = value("trial"), value("tries") == "1" {
            disk.put(path, lines.map { $0 == "tries=1" ? "tries=0\n" : "\($0)\n" }.joined())
            slot = try known(trial)
        }
        Machine.start(slot, on: disk)
        let id = String(
            decoding: disk.live.bytes("/proc/sys/kernel/random/boot_id") ?? [], as: UTF8.self)
        disk.put("\(Self.folder)/booted", "boot_id=\(id)slot=\(slot)\n")
        return slot
    }
}

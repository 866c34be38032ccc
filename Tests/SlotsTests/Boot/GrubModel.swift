import Agent
import AgentSupport
import SimulatedDisk
import Slots

/// GRUB with `packaging/grub/grub.cfg`.
struct GrubModel: BootModel {
    static let path = "/boot/grub/grubenv"

    func factory() throws -> CrashingDisk {
        let disk = CrashingDisk()
        disk.put(Self.path, Self.block("good=a\nsaved_entry=0\n"))
        Machine.start("a", on: disk)
        return disk
    }

    static func block(_ lines: String) -> [UInt8] {
        let text = "# GRUB Environment Block\n\(lines)"
        return Array(text.utf8) + Array(repeating: UInt8(ascii: "#"), count: 1024 - text.utf8.count)
    }

    func bootloader(on disk: CrashingDisk) throws -> any Bootloader {
        GrubEnvironment(path: Self.path, booted: try Machine.booted(on: disk), on: disk)
    }

    struct Unreadable: Error {}

    func boot(_ disk: CrashingDisk, argument: String?) throws -> String {
        guard let bytes = disk.live.bytes(Self.path), bytes.count == 1024,
            bytes.starts(with: Array("# GRUB Environment Block\n".utf8))
        else { throw Unreadable() }
        var text = String(decoding: bytes, as: UTF8.self)
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            values[String(words[0])] = String(words[1])
        }
        // What others keep there must never suffer.
        guard values["saved_entry"] == "0" else { throw Unreadable() }
        var slot = try known(values["good"])
        if let trial = values["try"], ["a", "b"].contains(trial), values["tries_left"] == "1" {
            text.replace("\ntries_left=1\n", with: "\ntries_left=0\n")
            disk.put(Self.path, Array(text.utf8))
            slot = trial
        }
        Machine.start(slot, on: disk)
        return slot
    }
}

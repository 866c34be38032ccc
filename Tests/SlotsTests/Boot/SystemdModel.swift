import Agent
import AgentSupport
import SimulatedDisk
import Slots

/// systemd-boot with a numbered version in each entry.
struct SystemdModel: BootModel {
    static let folder = "/efi/loader/entries"

    func factory() throws -> CrashingDisk {
        let disk = CrashingDisk()
        disk.put("\(Self.folder)/slipway-a.conf", Self.entry("a", version: 5))
        disk.put("\(Self.folder)/slipway-b.conf", Self.entry("b", version: 4))
        Machine.start("a", on: disk)
        return disk
    }

    static func entry(_ slot: String, version: Int) -> String {
        """
        # slot \(slot)
        title Slot \(slot)
        sort-key slipway
        version \(version)
        linux /\(slot)/linux
        options slipway.slot=\(slot)

        """
    }

    func bootloader(on disk: CrashingDisk) throws -> any Bootloader {
        let entries = [try slot("a"): "slipway-a", try slot("b"): "slipway-b"]
        return SystemdBoot(
            esp: "/efi", entries: entries, booted: try Machine.booted(on: disk), on: disk)
    }

    struct BadEntry: Error { let name: String }

    private struct Entry {
        let name: String
        let id: Substring
        let left: Int?
        let done: Int
        let version: Int
        let slot: String
        let bytes: [UInt8]
    }

    func boot(_ disk: CrashingDisk, argument: String?) throws -> String {
        let names = disk.live.names.keys.filter {
            $0.hasPrefix(Self.folder + "/") && $0.hasSuffix(".conf")
        }
        let entries = try names.map { try entry($0, on: disk) }
        guard Set(entries.map(\.id)).count == entries.count else {
            throw BadEntry(name: "a slot has two entries")
        }
        let order = entries.sorted { one, other in
            (one.left == 0 ? 1 : 0, -one.version, other.id)
                < (other.left == 0 ? 1 : 0, -other.version, one.id)
        }
        guard let first = order.first else { throw BadEntry(name: "no entry") }
        if let left = first.left, left > 0 {
            let path = "\(Self.folder)/\(first.id)+\(left - 1)-\(first.done + 1).conf"
            disk.take(first.name)
            disk.put(path, first.bytes)
        }
        Machine.start(first.slot, on: disk)
        return first.slot
    }

    private func entry(_ name: String, on disk: CrashingDisk) throws -> Entry {
        let bytes = disk.live.bytes(name) ?? []
        let text = String(decoding: bytes, as: UTF8.self)
        let stem = name.dropFirst(Self.folder.count + 1).dropLast(".conf".count)
        let parts = stem.split(separator: "+")
        let counts = (parts.count > 1 ? parts[1] : "").split(separator: "-").map { Int($0) }
        guard let version = text.firstMatch(of: /(?m)^version (\d+)$/)?.1,
            let slot = text.firstMatch(of: /(?m)^options slipway\.slot=(.)$/)?.1,
            text.contains("\nsort-key slipway\n"), text.contains("\nlinux /\(slot)/linux\n")
        else { throw BadEntry(name: name) }
        return Entry(
            name: name, id: parts[0], left: counts.first ?? nil,
            done: (counts.count > 1 ? counts[1] : nil) ?? 0, version: Int(version) ?? 0,
            slot: String(slot), bytes: bytes)
    }
}

import Agent
import AgentSupport
import SimulatedDisk
import Slots
import Testing

/// U-Boot with `packaging/uboot/boot.cmd`, its environment in one copy or in two.
struct UBootModel: BootModel {
    let copies: Int
    /// Longer than a sector, so that a copy can be torn.
    var byteCount = 1536
    var acceptsTornCopy = false

    static let device = "/dev/mmcblk0"
    static let config = "/etc/fw_env.config"
    static let start = 4096

    func factory() throws -> CrashingDisk {
        let disk = CrashingDisk()
        let size = String(byteCount, radix: 16)
        var lines = ""
        var device = [UInt8](repeating: 0, count: Self.start + 2 * 8192)
        for copy in 0..<copies {
            let offset = Self.start + copy * 8192
            lines += "\(Self.device) \(offset) 0x\(size)\n"
            let texts = ["bootdelay=2", "slipway_good=a", "zoo=\(zoo)"]
            device.replaceSubrange(
                offset..<offset + byteCount, with: self.copy(texts, counter: UInt8(255 - copy)))
        }
        disk.put(Self.config, "# device offset size\n\(lines)")
        disk.put(Self.device, device)
        Machine.start("a", on: disk)
        return disk
    }

    /// So long that the environment reaches into the next sector.
    private var zoo: String { String(repeating: "z", count: byteCount > 700 ? 600 : 10) }

    func copy(_ texts: [String], counter: UInt8) -> [UInt8] {
        var data = [UInt8](texts.map { $0 + "\0" }.joined().utf8)
        let head = copies == 2 ? 5 : 4
        data += Array(repeating: 0, count: byteCount - head - data.count)
        let sum = Self.checksum(data)
        var bytes = (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * UInt32($0))) }
        if copies == 2 { bytes.append(counter) }
        return bytes + data
    }

    /// CRC-32, four bits at a time.
    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            sum = sum >> 4 ^ nibbles[Int(sum & 15)]
            sum = sum >> 4 ^ nibbles[Int(sum & 15)]
        }
        return ~sum
    }

    private static let nibbles: [UInt32] = (0..<16).map { nibble in
        (0..<4).reduce(UInt32(nibble)) { sum, _ in
            sum & 1 == 0 ? sum >> 1 : (sum >> 1) ^ 0xedb8_8320
        }
    }

    func bootloader(on disk: CrashingDisk) throws -> any Bootloader {
        try UBootEnvironment(
            config: Self.config, acceptsTornCopy: acceptsTornCopy,
            booted: Machine.booted(on: disk), on: disk)
    }

    /// No valid copy: U-Boot takes what is built in.
    struct BadChecksum: Error {}

    /// Where the copy in use is, its counter and its texts.
    func active(_ disk: CrashingDisk) throws -> (index: Int, counter: UInt8, texts: [String]) {
        let device = try #require(disk.live.bytes(Self.device))
        var valid: [(index: Int, counter: UInt8, texts: [String])] = []
        for index in 0..<copies {
            let bytes = Array(device[(Self.start + index * 8192)...].prefix(byteCount))
            let data = bytes.dropFirst(copies == 2 ? 5 : 4)
            let stored = (0..<4).map { UInt32(bytes[$0]) << (8 * UInt32($0)) }.reduce(0, |)
            guard stored == Self.checksum(data) else { continue }
            let texts = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            valid.append((index, copies == 2 ? bytes[4] : 0, texts))
        }
        guard let first = valid.first, let last = valid.last else { throw BadChecksum() }
        let wraps = Set([first.counter, last.counter]) == [0, 255]
        return (last.counter > first.counter) != wraps ? last : first
    }

    func boot(_ disk: CrashingDisk, argument: String?) throws -> String {
        let (index, counter, texts) = try active(disk)
        guard texts.contains("bootdelay=2"), texts.contains("zoo=\(zoo)") else {
            throw BadChecksum()
        }
        let value = { (name: String) in
            texts.first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
        }
        var slot = try known(value("slipway_good"))
        if let trial = value("slipway_try"), ["a", "b"].contains(trial),
            value("slipway_tries") == "1"
        {
            // As U-Boot saves: into the other copy, the variables sorted by name.
            let saved = texts.map { $0 == "slipway_tries=1" ? "slipway_tries=0" : $0 }.sorted()
            var device = try #require(disk.live.bytes(Self.device))
            let place = Self.start + (copies == 2 ? 1 - index : 0) * 8192
            device.replaceSubrange(
                place..<place + byteCount, with: copy(saved, counter: counter &+ 1))
            disk.put(Self.device, device)
            slot = trial
        }
        Machine.start(slot, on: disk)
        return slot
    }
}

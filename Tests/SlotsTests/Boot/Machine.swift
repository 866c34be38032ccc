import Agent
import AgentSupport
import Model
import SimulatedDisk
import Slots

/// What is the same on every machine of these tests: two slots, and what its kernel says.
enum Machine {
    static let devices = ["a": "/dev/vda2", "b": "/dev/vda3"]

    static func slots() throws -> [SlotName: String] {
        [try slot("a"): "/dev/vda2", try slot("b"): "/dev/vda3"]
    }

    static func number(of device: String) -> DeviceNumber? {
        switch device {
        case "/dev/vda2": DeviceNumber(major: 254, minor: 2)
        case "/dev/vda3": DeviceNumber(major: 254, minor: 3)
        default: nil
        }
    }

    static func booted(on disk: CrashingDisk) throws -> BootedSlot {
        BootedSlot(slots: try slots(), on: disk, deviceNumber: number(of:))
    }

    /// Lets the kernel say that `slot` runs, in a boot that there was not before.
    static func start(_ slot: String, on disk: CrashingDisk) {
        let path = "/proc/sys/kernel/random/boot_id"
        let old = disk.live.bytes(path).map { String(decoding: $0, as: UTF8.self) } ?? "boot-0"
        let number = Int(old.split(separator: "-")[1].prefix { $0.isNumber }) ?? 0
        let device = devices[slot] ?? ""
        let minor = device.suffix(1)
        disk.put(path, "boot-\(number + 1)\n")
        disk.put("/proc/cmdline", "root=\(device) ro slipway.slot=\(slot) quiet\n")
        disk.put(
            "/proc/self/mountinfo",
            "1 0 0:1 / / rw - rootfs none rw\n22 1 254:\(minor) / / rw - ext4 \(device) rw\n")
    }
}

/// One kind of bootloader, as its bytes are on the disk and as it reads them.
///
/// What a model reads, it reads by itself: no line of the product helps it.
protocol BootModel: Sendable {
    /// Slot a is confirmed and runs; slot b holds something older.
    func factory() throws -> CrashingDisk
    func bootloader(on disk: CrashingDisk) throws -> any Bootloader
    /// What the loader does when the power comes on, or after a restart with `argument`.
    ///
    /// - Returns: The slot that it boots; the machine then runs it.
    func boot(_ disk: CrashingDisk, argument: String?) throws -> String
    /// Whether what ``Bootloader/arm(_:)`` promised holds after a power cut as well.
    var armsInStorage: Bool { get }
}

extension BootModel {
    var armsInStorage: Bool { true }

    /// The slots of the next three starts.
    func plan(_ disk: CrashingDisk, argument: String? = nil) throws -> [String] {
        let machine = disk.copy()
        var plan = [try boot(machine, argument: argument)]
        for _ in 0..<2 { plan.append(try boot(machine, argument: nil)) }
        return plan
    }

    /// A machine on which `steps` were done.
    func machine(after steps: [BootStep]) throws -> CrashingDisk {
        let disk = try factory()
        for step in steps {
            switch step {
            case .call(let call): try call.perform(by: bootloader(on: disk))
            case .restart:
                _ = try boot(disk, argument: bootloader(on: disk).rebootArgument)
            }
        }
        return disk.copy()
    }
}

/// Something that happens to a machine before its power is cut.
enum BootStep {
    case call(BootCall)
    case restart
}

/// Something that the agent asks of a bootloader.
enum BootCall: Hashable, Sendable {
    case arm(String)
    case confirm(String)
    case disarm

    func perform(by bootloader: any Bootloader) throws {
        switch self {
        case .arm(let name): try bootloader.arm(slot(name))
        case .confirm(let name): try bootloader.confirm(slot(name))
        case .disarm: try bootloader.disarm()
        }
    }
}

/// What a loader read that is neither of the slots: it would boot what it happens to.
struct UnknownSlot: Error { let text: String? }

func known(_ text: String?) throws -> String {
    guard let text, ["a", "b"].contains(text) else { throw UnknownSlot(text: text) }
    return text
}

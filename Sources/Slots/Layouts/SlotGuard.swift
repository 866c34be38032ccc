internal import Agent
internal import Glibc

/// Keeps the agent from writing to a device that somebody uses.
public struct SlotGuard {
    private let mountinfo: String
    private let sysfs: String
    private let number: (String) -> DeviceNumber?

    /// - Parameters:
    ///   - mountinfo: The kernel's list of what is mounted.
    ///   - sysfs: Where the kernel tells which device is a part of which.
    ///   - number: What the kernel calls the block device at a path; `nil` when none is there.
    public init(
        mountinfo: String = "/proc/self/mountinfo", sysfs: String = "/sys",
        number: @escaping (String) -> DeviceNumber? = { LinuxDisk.deviceNumber(of: $0) }
    ) {
        self.mountinfo = mountinfo
        self.sysfs = sysfs
        self.number = number
    }

    /// Takes the device at `path` for as long as the answer lives; `nil` where there is no device.
    ///
    /// - Throws: ``SlotError`` when it, or a part of it, is mounted or otherwise in use.
    func claim(_ path: String) throws(SlotError) -> DeviceClaim? {
        guard let device = number(path) else { return nil }
        for mount in try mounts() where mount.numbers.contains(device) {
            throw refusal(path, "it is mounted at \(mount.point)")
        }
        for mount in try mounts() {
            for part in mount.numbers where whole(of: part) == device {
                throw refusal(path, "it is the whole disk of what is mounted at \(mount.point)")
            }
        }
        if let holder = try holders(of: device).first {
            throw refusal(path, "\(holder) is made of it")
        }
        return try DeviceClaim(path)
    }

    private func refusal(_ path: String, _ reason: String) -> SlotError {
        .failed(operation: "write to", path: path, reason: reason)
    }

    private struct Mount {
        let point: String
        /// Of the file system, and of the device that it was mounted from: they differ on btrfs.
        let numbers: Set<DeviceNumber>
    }

    /// Lines such as `36 35 98:0 /mnt1 /mnt2 rw - ext3 /dev/root rw` (proc_pid_mountinfo(5)).
    private func mounts() throws(SlotError) -> [Mount] {
        guard let bytes = try DurableFile.read(mountinfo) else { throw .missing(path: mountinfo) }
        var mounts: [Mount] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 7, let separator = words.firstIndex(of: "-") else {
                throw .malformed(path: mountinfo, problem: "the line \"\(line)\"")
            }
            let source = words.dropFirst(separator + 2).first.map(String.init) ?? ""
            let origin = source.hasPrefix("/") ? number(source) : nil
            let numbers = [DeviceNumber(words[2]), origin].compactMap { $0 }
            mounts.append(Mount(point: String(words[4]), numbers: Set(numbers)))
        }
        return mounts
    }

    /// The disk that a partition is on; `nil` for what is no partition.
    private func whole(of part: DeviceNumber) -> DeviceNumber? {
        let folder = "\(sysfs)/dev/block/\(part)"
        let disk = LinuxDisk()
        guard (try? disk.entry("\(folder)/partition")) ?? nil != nil,
            let text = (try? DurableFile.read("\(folder)/../dev")) ?? nil
        else { return nil }
        return DeviceNumber(
            String(decoding: text.filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    /// Encrypted, mirrored or logical volumes on the device.
    private func holders(of device: DeviceNumber) throws(SlotError) -> [String] {
        let folder = "\(sysfs)/dev/block/\(device)/holders"
        guard try LinuxDisk().entry(folder) != nil else { return [] }
        return try LinuxDisk().names(in: folder).sorted()
    }
}

/// A block device that nobody else may mount or take as long as this lives.
@safe final class DeviceClaim {
    private let descriptor: Int32

    /// - Throws: ``SlotError`` when the kernel knows of somebody who uses it, swapping included.
    init(_ path: String) throws(SlotError) {
        // On a block device, `O_EXCL` without `O_CREAT` asks for it to be in nobody's use.
        let descriptor = unsafe open(path, O_RDONLY | O_EXCL | O_CLOEXEC)
        guard descriptor >= 0 else { throw SlotError(errno, "take", path) }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}

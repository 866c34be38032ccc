public import Agent
public import Model

/// Which slot runs, by the word of the kernel's command line and of the mounted root.
///
/// No file that a disk kept counts here: such a file tells what was to be booted, these two tell
/// what was. Each of these that says something has to say the same:
///
/// 1. the argument, `slipway.slot=NAME` unless it is called otherwise;
/// 2. `root=`, when it names the device of a slot: by path, or by `PARTUUID`, `PARTLABEL`, `UUID`
///    or `LABEL` through `/dev/disk`;
/// 3. the device that is mounted at `/`, by its number. A root that is no slot's device says
///    nothing: it may be an overlay, or a verified device on top of the slot.
public struct BootedSlot {
    /// Where the slots are; a device, a file or a folder each.
    public let slots: [SlotName: String]
    private let argument: String
    private let proc: String
    private let dev: String
    private let disk: any Disk
    private let deviceNumber: (String) -> DeviceNumber?

    /// Something that says which slot runs.
    struct Evidence {
        /// Such as `slipway.slot=a`.
        let source: String
        let slot: SlotName
    }

    /// - Parameters:
    ///   - argument: What the command line calls the slot, without `=`.
    ///   - proc: Where the kernel's `/proc` is.
    ///   - dev: Where the devices are.
    public init(
        slots: [SlotName: String], argument: String = "slipway.slot", proc: String = "/proc",
        dev: String = "/dev", on disk: any Disk = LinuxDisk(),
        deviceNumber: @escaping (String) -> DeviceNumber? = LinuxDisk.deviceNumber
    ) {
        self.slots = slots
        self.argument = argument
        self.proc = proc
        self.dev = dev
        self.disk = disk
        self.deviceNumber = deviceNumber
    }

    /// The slot that runs.
    ///
    /// - Throws: ``SlotError`` when nothing tells, or when two contradict each other; never a
    ///   guess.
    public func slot() throws(SlotError) -> SlotName { try slot(besides: []) }

    /// - Parameter others: What the firmware says besides.
    func slot(besides others: [Evidence]) throws(SlotError) -> SlotName {
        let path = "\(proc)/cmdline"
        let line = KernelCommandLine(try text(of: path))
        let root = line.values(of: "root").last
        var evidence = try named(in: line)
        if let root, let slot = slot(at: root) {
            evidence.append(Evidence(source: "root=\(root)", slot: slot))
        }
        if let mounted = try mountedRoot() { evidence.append(mounted) }
        evidence += others
        guard let first = evidence.first else {
            throw .malformed(
                path: path,
                problem: "neither \(argument)= nor root=\(root ?? "") nor the mounted root tells "
                    + "which slot runs")
        }
        for other in evidence where other.slot != first.slot {
            throw .malformed(
                path: path,
                problem: "\(first.source) says that slot \(first.slot) runs, and "
                    + "\(other.source) says that slot \(other.slot) does")
        }
        return first.slot
    }

    /// What names this start of the machine.
    public func bootID() throws(SlotError) -> BootID {
        let path = "\(proc)/sys/kernel/random/boot_id"
        let line = try text(of: path).split(separator: "\n").first ?? ""
        guard let id = BootID(String(line)) else {
            throw .malformed(path: path, problem: "it does not hold a boot's name")
        }
        return id
    }

    private func named(in line: KernelCommandLine) throws(SlotError) -> [Evidence] {
        var evidence: [Evidence] = []
        for value in line.values(of: argument) {
            guard let slot = SlotName(value), slots[slot] != nil else {
                throw .malformed(
                    path: "\(proc)/cmdline",
                    problem: "\(argument)=\(value) is not one of the slots "
                        + slots.keys.sorted().map(\.text).joined(separator: ", "))
            }
            evidence.append(Evidence(source: "\(argument)=\(value)", slot: slot))
        }
        return evidence
    }

    private func text(of path: String) throws(SlotError) -> String {
        guard let bytes = try DurableFile.read(path, on: disk) else { throw .missing(path: path) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

// MARK: - The root

extension BootedSlot {
    /// The slot whose device `root=` names; `nil` when it is none's, or cannot be found.
    private func slot(at root: String) -> SlotName? {
        let path: String
        switch root.split(separator: "=", maxSplits: 1).map(String.init) {
        // Partition UUIDs may be written either way; the names in the folder are in lower case.
        case let parts where parts.count == 2 && parts[0] == "PARTUUID":
            path = "\(dev)/disk/by-partuuid/\(parts[1].lowercased())"
        case let parts where parts.count == 2 && parts[0] == "PARTLABEL":
            path = "\(dev)/disk/by-partlabel/\(parts[1])"
        case let parts where parts.count == 2 && parts[0] == "UUID":
            path = "\(dev)/disk/by-uuid/\(parts[1])"
        case let parts where parts.count == 2 && parts[0] == "LABEL":
            path = "\(dev)/disk/by-label/\(parts[1])"
        case _ where root.hasPrefix("/dev/"): path = dev + root.dropFirst("/dev".count)
        default: return nil
        }
        let device = target(of: path)
        return slots.keys.sorted().first { target(of: slots[$0] ?? "") == device }
    }

    /// What is mounted at `/`, when it is the device of a slot.
    private func mountedRoot() throws(SlotError) -> Evidence? {
        let lines = try text(of: "\(proc)/self/mountinfo").split(separator: "\n")
        // The last one hides those below it, such as the initial RAM file system.
        let root = lines.map { $0.split(separator: " ") }.last { $0.count > 4 && $0[4] == "/" }
        guard let root, let number = DeviceNumber(root[2]) else { return nil }
        let slot = slots.keys.sorted().first { deviceNumber(slots[$0] ?? "") == number }
        return slot.map { Evidence(source: "the mounted root, device \(number),", slot: $0) }
    }

    /// Where `path` leads when the links at its end are followed, at most 16 of them.
    private func target(of path: String) -> String {
        var path = Self.normal(path)
        for _ in 0..<16 {
            guard case .link(let target)? = try? disk.entry(path) else { return path }
            let isAbsolute = target.hasPrefix("/")
            path = Self.normal(isAbsolute ? target : "\(DurableFile.directory(of: path))/\(target)")
        }
        return path
    }

    /// Without `.`, `..` and empty parts.
    private static func normal(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}

public import Agent
public import Model

/// The link `current` of ``DirectorySlots`` as a bootloader: which version is started.
///
/// In the folder, beside the link:
///
/// - `environment` holds `confirmed=SLOT` and, while there is a trial, `trial=SLOT` and `tries=N`;
///   the agent writes it, and the start script takes the try.
/// - `booted` holds `slot=SLOT`, `boot_id=ID` of this start and `kernel_boot_id=ID`; the start
///   script writes it.
///
/// The start script, `packaging/directories/slipway-link`, runs before the application does, each time
/// that it is started: it takes the try, then switches the link, then says so. The application is
/// started through the link, and the `reboot_command` of the device starts script, application and
/// agent again, or the machine.
///
/// ## Order of writes
///
/// - Arm: one replacement of `environment`. A cut leaves the trial armed or not.
/// - Start of a trial: `environment` with `tries=0`, synced; then the link; then `booted`. A cut after
///   the first leaves a trial without tries: the next start goes back to the confirmed version, whether
///   the trial came as far as the link or not, and nothing is tried twice.
/// - Confirm: one replacement of `environment`. The link leads there already; a cut before leads the
///   next start back.
/// - A version that hangs takes nothing with it: the next start, by whoever restarts the machine, goes
///   back.
public struct LinkBootloader: Bootloader {
    private let folder: String
    private let environment: SimulatedBootloader
    private let kernelBootIDPath: String
    private let disk: any Disk

    /// - Parameters:
    ///   - folder: That of the ``DirectorySlots``.
    ///   - kernelBootIDPath: Where the kernel tells this boot from every other.
    public init(
        folder: String, kernelBootIDPath: String = "/proc/sys/kernel/random/boot_id",
        on disk: any Disk = LinuxDisk()
    ) {
        self.folder = folder
        self.kernelBootIDPath = kernelBootIDPath
        self.disk = disk
        environment = SimulatedBootloader(folder: folder, on: disk)
    }

    /// - Throws: ``SlotError`` when the start script did not run in this boot of the machine, or the
    ///   link does not lead where it says.
    public func status() throws(SlotError) -> BootStatus {
        let status = try environment.status()
        try refuseOldStart()
        let link = "\(folder)/current"
        guard case .link(let target) = try disk.entry(link) else { throw .missing(path: link) }
        guard target == "versions/\(status.booted)" else {
            throw .malformed(
                path: link,
                problem: "it leads to \(target), and slot \(status.booted) was started")
        }
        return status
    }

    private func refuseOldStart() throws(SlotError) {
        let path = "\(folder)/booted"
        guard let booted = try KeyValueFile(reading: path, on: disk) else {
            throw .missing(path: path)
        }
        guard let kernel = try DurableFile.read(kernelBootIDPath, on: disk) else {
            throw .missing(path: kernelBootIDPath)
        }
        let id = String(decoding: kernel.filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard booted.values["kernel_boot_id"] == id else {
            throw .malformed(path: path, problem: "it is of an earlier boot of the machine")
        }
    }

    public func arm(_ slot: SlotName) throws(SlotError) {
        let path = "\(folder)/versions/\(slot)"
        guard try disk.entry(path) == .directory else { throw .missing(path: path) }
        try environment.arm(slot)
    }

    public func confirm(_ slot: SlotName) throws(SlotError) { try environment.confirm(slot) }

    public func disarm() throws(SlotError) { try environment.disarm() }
}

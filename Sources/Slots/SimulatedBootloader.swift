public import Agent
public import Model

/// A bootloader that is two files in a folder, for machines that are processes.
///
/// `environment` holds `confirmed=SLOT` and, while there is a trial, `trial=SLOT` and `tries=N`.
/// Whatever starts the machine boots `trial` when `tries` is 1, after having written 0, and
/// `confirmed` otherwise; it says what it did in `booted`, as `slot=SLOT` and `boot_id=ID`.
public struct SimulatedBootloader: Bootloader {
    private let folder: String
    private let disk: any Disk

    public init(folder: String, on disk: any Disk = LinuxDisk()) {
        self.folder = folder
        self.disk = disk
    }

    public func status() throws(SlotError) -> BootStatus {
        let environment = try environment()
        let booted = try file("booted")
        return BootStatus(
            booted: try booted.value("slot", "a slot") { SlotName($0) },
            bootID: try booted.value("boot_id", "a name") { BootID($0) },
            confirmed: try environment.value("confirmed", "a slot") { SlotName($0) },
            trial: try trial(in: environment))
    }

    private func trial(in environment: KeyValueFile) throws(SlotError) -> BootStatus.Trial {
        guard environment.values["trial"] != nil else { return .none }
        let slot = try environment.value("trial", "a slot") { SlotName($0) }
        let tries = try environment.value("tries", "0 or 1") { ["0": 0, "1": 1][$0] }
        return tries == 0 ? .spent(slot) : .armed(slot)
    }

    public func arm(_ slot: SlotName) throws(SlotError) {
        try change {
            $0["trial"] = slot.text; $0["tries"] = "1"
        }
    }

    public func confirm(_ slot: SlotName) throws(SlotError) {
        try change { $0 = ["confirmed": slot.text] }
    }

    public func disarm() throws(SlotError) {
        try change {
            $0["trial"] = nil; $0["tries"] = nil
        }
    }

    /// One replacement of one file, so that a cut leaves the old environment or the new one.
    private func change(_ edit: (inout [String: String]) -> Void) throws(SlotError) {
        var environment = try environment()
        let old = environment.values
        edit(&environment.values)
        if environment.values != old { try environment.save() }
    }

    private func environment() throws(SlotError) -> KeyValueFile { try file("environment") }

    private func file(_ name: String) throws(SlotError) -> KeyValueFile {
        let path = "\(folder)/\(name)"
        guard let file = try KeyValueFile(reading: path, on: disk) else {
            throw .missing(path: path)
        }
        return file
    }
}

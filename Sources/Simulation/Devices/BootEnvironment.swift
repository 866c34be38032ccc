internal import SimulatedDisk

/// What starts the simulated machines: it reads the environment that the agent's bootloader writes,
/// with no line of the agent's code.
struct BootEnvironment {
    static let folder = "/data/boot"
    static let path = "\(folder)/environment"
    static let slots = ["a": "/dev/vda2", "b": "/dev/vda3"]

    var confirmed: String
    var trial: String?
    var isArmed: Bool

    /// `nil` for what no loader could read.
    init?(_ medium: Medium) {
        let text = String(decoding: medium.bytes(Self.path) ?? [], as: UTF8.self)
        var values: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            values[parts[0]] = parts[1]
        }
        guard let confirmed = values["confirmed"], Self.slots[String(confirmed)] != nil else {
            return nil
        }
        self.confirmed = String(confirmed)
        trial = values["trial"].map(String.init)
        isArmed = values["tries"] == "1"
        if let trial, Self.slots[trial] == nil { return nil }
    }

    /// The slot that the next boot takes.
    var next: String {
        if let trial, isArmed { return trial }
        return confirmed
    }

    /// Takes the next boot: a trial is spent by it, before anything of the image runs.
    static func boot(_ disk: CrashingDisk, number: Int) -> String? {
        guard let environment = BootEnvironment(disk.live) else { return nil }
        if environment.trial != nil, environment.isArmed {
            let text = String(decoding: disk.live.bytes(path) ?? [], as: UTF8.self)
            let lines = text.split(separator: "\n").map { $0 == "tries=1" ? "tries=0" : $0 }
            disk.put(path, lines.joined(separator: "\n") + "\n")
        }
        disk.put("\(folder)/booted", "boot_id=boot-\(number)\nslot=\(environment.next)\n")
        return environment.next
    }
}

internal import CLinux
internal import Glibc

/// A trial boot in which no agent can work, because the new image's configuration or files are
/// broken: nobody would judge it, so the machine goes back to the image before.
public enum LostTrial {
    /// What the boot script adds to the kernel's command line in a trial boot.
    public static let argument = "slipway.trial"
    /// How long after the machine's start it is given up.
    ///
    /// Files may be mounted late, and an agent that could not read them is started again meanwhile.
    public static let patience = Duration.seconds(600)

    /// Whether this boot is a trial that has to be given up.
    ///
    /// - Parameter uptime: Of the machine.
    public static func isOver(
        atUptime uptime: Duration, proc: String = "/proc", on disk: any Disk = LinuxDisk()
    ) -> Bool {
        guard uptime >= patience,
            let text = try? DurableFile.read("\(proc)/cmdline", on: disk)
        else { return false }
        let line = KernelCommandLine(String(decoding: text, as: UTF8.self))
        return line.values(of: argument) == ["1"]
    }

    /// Restarts the machine at once, without anybody's help; returns only where that is not allowed.
    public static func restartMachine() {
        Glibc.sync()
        _ = slipway_restart_machine()
    }
}

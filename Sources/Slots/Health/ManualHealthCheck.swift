public import Agent
internal import Glibc
public import Model

/// A new image that somebody at the device has to find good.
public struct ManualHealthCheck: HealthCheck {
    private let confirmation: ManualConfirmation
    private let boot: () -> BootID?
    private let clock: any AgentClock

    /// - Parameter boot: What the bootloader calls this boot.
    public init(
        _ confirmation: ManualConfirmation, boot: @escaping () -> BootID?, clock: any AgentClock
    ) {
        self.confirmation = confirmation
        self.boot = boot
        self.clock = clock
    }

    /// Waits for the confirmation as long as there is time, without using any.
    public func run(in slot: SlotName, within time: Duration) -> HealthVerdict {
        guard let boot = boot() else { return .unhealthy("the bootloader does not name this boot") }
        let deadline = clock.uptime + time
        do throws(SlotError) {
            // Watched before the first look, so that nothing comes between the two.
            let watch = try FolderWatch(DurableFile.directory(of: confirmation.path))
            while true {
                if try confirmation.isGiven(for: boot) { return .healthy }
                let left = deadline - clock.uptime
                guard left > .zero else {
                    return .unhealthy(
                        "nobody at the device has confirmed the new image within"
                            + " \(time.components.seconds) s")
                }
                watch.wait(atMost: left)
            }
        } catch { return .unhealthy("\(error)") }
    }
}

/// A file by which somebody at the device says that the booted image is good.
///
/// It holds the id of the boot that is meant, so that it says nothing about any other.
public struct ManualConfirmation: Sendable {
    let path: String

    public init(path: String) { self.path = path }

    /// Says that the image which runs in this boot is good; it holds for this boot only.
    public func give(for boot: BootID) throws(SlotError) {
        try DurableFile.replace(path, with: Array("\(boot.text)\n".utf8))
    }

    func isGiven(for boot: BootID) throws(SlotError) -> Bool {
        try DurableFile.read(path) == Array("\(boot.text)\n".utf8)
    }
}

/// Waits for files in a folder to change.
@safe private final class FolderWatch {
    private let descriptor: Int32

    init(_ path: String) throws(SlotError) {
        let descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { throw SlotError(errno, "watch", path) }
        self.descriptor = descriptor
        let kinds = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO)
        guard unsafe inotify_add_watch(descriptor, path, kinds) >= 0 else {
            throw SlotError(errno, "watch", path)
        }
    }

    deinit { close(descriptor) }

    /// Blocks until a file was written or moved there, or the time has passed; at most a minute,
    /// for file systems that do not tell.
    func wait(atMost duration: Duration) {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let milliseconds = Pause.milliseconds(of: min(duration, .seconds(60)))
        guard unsafe poll(&waiting, 1, milliseconds) > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 4096)
        while unsafe read(descriptor, &buffer, buffer.count) > 0 {}
    }
}

internal import Agent
internal import Glibc

/// The machine's hardware watchdog during a trial: an image or agent that hangs ends in a reset,
/// after which the bootloader returns to the image before.
///
/// A thread of its own keeps it alive, and stops at the trial's deadline by itself. An agent that
/// dies leaves it running: whoever starts the agent again has until the watchdog's timeout.
public final class Watchdog {
    private let device: String
    private let timeoutSeconds: Int32
    private let classFolder: String
    private let interval: Duration?
    private let uptime: @Sendable () -> Duration
    private let note: @Sendable (String) -> Void
    private var running: (keeper: WatchdogKeeper, thread: pthread_t)?

    /// - Parameters:
    ///   - timeout: After how long without a sign of life the machine is reset; whole seconds.
    ///   - interval: Between two signs of life; `nil` for a third of the timeout.
    ///   - classFolder: Where the kernel tells of its watchdogs.
    ///   - uptime: The clock that deadlines are told by.
    ///   - note: Takes one sentence for a person; also called on another thread.
    public init(
        device: String, timeout: Duration, interval: Duration? = nil,
        classFolder: String = "/sys/class/watchdog", uptime: @escaping @Sendable () -> Duration,
        note: @escaping @Sendable (String) -> Void
    ) {
        self.device = device
        timeoutSeconds = Int32(clamping: max(1, timeout.components.seconds))
        self.interval = interval
        self.classFolder = classFolder
        self.uptime = uptime
        self.note = note
    }

    /// Arms the watchdog and keeps it alive until `deadline`; one that is armed stays so.
    ///
    /// Where there is none, or it belongs to somebody else, a note says so and nothing happens.
    public func begin(deadline: Duration) {
        guard running == nil else { return }
        guard !isForEver else {
            return note(
                "\(device) cannot be stopped once it runs (nowayout): it is not used, because the"
                    + " end of the agent would reset a good machine")
        }
        do throws(SlotError) {
            let handle = try WatchdogHandle(device)
            let seconds = handle.setTimeout(seconds: timeoutSeconds)
            if seconds != timeoutSeconds {
                let known = seconds.map { "\($0) s" } ?? "unknown"
                note("\(device) does not take \(timeoutSeconds) s as its timeout; it is \(known)")
            }
            let keeper = WatchdogKeeper(
                handle, bell: Bell(),
                interval: interval ?? .milliseconds(Int64(seconds ?? 1) * 1000 / 3),
                deadline: deadline, uptime: uptime, note: note)
            running = (keeper, try OwnThread.start { keeper.work() })
        } catch { note("no watchdog guards this trial: \(error)") }
    }

    /// Disarms the watchdog: the trial is over, and has ended well.
    public func end() {
        guard let (keeper, thread) = running else { return }
        running = nil
        keeper.bell.ring()
        OwnThread.join(thread)
        keeper.handle.disarm()
    }

    private var isForEver: Bool {
        let name = device == "/dev/watchdog" ? "/watchdog0" : device
        let last = name.split(separator: "/").last.map(String.init) ?? name
        let told = try? DurableFile.read("\(classFolder)/\(last)/nowayout")
        return told?.first == UInt8(ascii: "1")
    }
}

/// What the thread does.
private final class WatchdogKeeper: Sendable {
    let handle: WatchdogHandle
    let bell: Bell
    private let interval: Duration
    private let deadline: Duration
    private let uptime: @Sendable () -> Duration
    private let note: @Sendable (String) -> Void

    init(
        _ handle: WatchdogHandle, bell: Bell, interval: Duration, deadline: Duration,
        uptime: @escaping @Sendable () -> Duration, note: @escaping @Sendable (String) -> Void
    ) {
        self.handle = handle
        self.bell = bell
        self.interval = interval
        self.deadline = deadline
        self.uptime = uptime
        self.note = note
    }

    func work() {
        while case let left = deadline - uptime(), left > .zero {
            guard handle.keepAlive() else {
                return note("the watchdog cannot be kept alive: the machine will be reset")
            }
            if bell.isRung(within: min(interval, left)) { return }
        }
        note("the trial's time is over: the watchdog is not kept alive any more")
    }
}

/// The open device; it runs on when it is closed, unless it was disarmed.
@safe private final class WatchdogHandle: Sendable {
    private let descriptor: Int32

    // Of linux/watchdog.h, which Swift does not import because they are written with macros; these
    // are the numbers of x86, ARM and RISC-V.
    private static let setTimeoutRequest: UInt = 0xC004_5706
    private static let getTimeoutRequest: UInt = 0x8004_5707

    init(_ path: String) throws(SlotError) {
        descriptor = unsafe open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw SlotError(errno, "open", path) }
    }

    deinit { close(descriptor) }

    /// Returns the timeout that holds now; `nil` when the device does not tell.
    func setTimeout(seconds: Int32) -> Int32? {
        var value = seconds
        if unsafe ioctl(descriptor, Self.setTimeoutRequest, &value) == 0 { return value }
        return unsafe ioctl(descriptor, Self.getTimeoutRequest, &value) == 0 ? value : nil
    }

    func keepAlive() -> Bool { write(UInt8(ascii: "k")) }

    /// The "magic close": what is closed after a `V` stops.
    func disarm() { _ = write(UInt8(ascii: "V")) }

    private func write(_ byte: UInt8) -> Bool {
        let bytes = [byte]
        while true {
            let count = unsafe Glibc.write(descriptor, bytes, 1)
            if count == 1 { return true }
            guard errno == EINTR else { return false }
        }
    }
}

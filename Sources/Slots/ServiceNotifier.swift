internal import Agent
internal import Glibc

/// Tells the service manager how the agent is (sd_notify), where there is one that wants to know.
///
/// Used by the agent's own thread alone: a watchdog that another thread fed would hide a hang.
public final class ServiceNotifier {
    private let address: String?
    /// Of the watchdog; `nil` when nobody watches.
    private let watchdog: Duration?
    private let clock = SystemClock()
    private var lastBeat = Duration.zero
    private var isReady = false

    /// How long the manager is asked to wait for the next sign of life before the agent is ready,
    /// in seconds: at its start it reads the whole image that runs.
    private static let startSeconds: Int64 = 60

    /// Takes what systemd has left in the environment, and takes it out: what the agent starts
    /// must not speak for it.
    public static func ofEnvironment() -> ServiceNotifier {
        let address = take("NOTIFY_SOCKET")
        let pid = take("WATCHDOG_PID").flatMap { Int32($0) }
        let microseconds = take("WATCHDOG_USEC").flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil }
        let isMeant = pid == nil || pid == getpid()
        return ServiceNotifier(
            address: address, watchdog: isMeant ? microseconds.map { .microseconds($0) } : nil)
    }

    private static func take(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        defer { unsafe unsetenv(name) }
        return unsafe String(cString: value)
    }

    /// - Parameters:
    ///   - address: Of a datagram socket: a path, or a name after an `@`.
    ///   - watchdog: How long the manager waits for a sign of life.
    public init(address: String?, watchdog: Duration?) {
        self.address = address
        self.watchdog = watchdog
    }

    /// How long the agent may pause before it gives a sign of life; `nil` for as long as it likes.
    public var longestPause: Duration? {
        address == nil ? nil : watchdog.map { $0 / 2 }
    }

    public func ready() {
        isReady = true
        send("READY=1")
    }

    public func stopping() { send("STOPPING=1") }

    /// - Parameter sentence: One line for a person.
    public func status(_ sentence: String) {
        send("STATUS=\(sentence.split(separator: "\n").joined(separator: " "))")
    }

    /// Gives a sign of life, unless the last one is fresh: cheap enough for every piece of a
    /// transfer.
    public func beat() {
        guard address != nil else { return }
        let interval = isReady ? longestPause : .seconds(Self.startSeconds)
        let uptime = clock.uptime
        guard let interval, uptime - lastBeat >= interval / 2 else { return }
        lastBeat = uptime
        send(isReady ? "WATCHDOG=1" : "EXTEND_TIMEOUT_USEC=\(Self.startSeconds * 1_000_000)")
    }

    /// Runs something that may take `duration` without a sign of life, such as a health check.
    public func allowing<Result>(_ duration: Duration, _ body: () -> Result) -> Result {
        guard let watchdog, longestPause != nil else { return body() }
        send("WATCHDOG_USEC=\((watchdog + duration).microseconds)\nWATCHDOG=1")
        defer {
            send("WATCHDOG_USEC=\(watchdog.microseconds)\nWATCHDOG=1")
            lastBeat = clock.uptime
        }
        return body()
    }

    /// A manager that does not listen is no trouble of the agent's.
    private func send(_ text: String) {
        guard let address, let address = try? UnixAddress(address) else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | O_CLOEXEC, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        _ = unsafe address.use { pointer, length in
            unsafe bytes.withUnsafeBytes { raw in
                unsafe Int32(
                    clamping: sendto(
                        descriptor, raw.baseAddress, raw.count,
                        Int32(MSG_NOSIGNAL | MSG_DONTWAIT), pointer, length))
            }
        }
    }
}

extension Duration {
    fileprivate var microseconds: Int64 {
        let seconds = min(max(0, components.seconds), 1_000_000_000)
        return seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}

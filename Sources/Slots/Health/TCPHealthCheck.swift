public import Agent
internal import Glibc
public import Model

/// A port that takes a connection; nothing is said on it.
public struct TCPHealthCheck: HealthCheck {
    private let host: String
    private let port: UInt16
    private let clock: any AgentClock

    /// - Parameter host: A name or a numeric address.
    public init(host: String, port: UInt16, clock: any AgentClock) {
        self.host = host
        self.port = port
        self.clock = clock
    }

    public func run(in slot: SlotName, within time: Duration) -> HealthVerdict {
        let deadline = clock.uptime + time
        switch AddressLookup.addresses(of: host, port: port, within: time) {
        case .late: return .unhealthy("the name was not resolved in time")
        case .failed(let reason): return .unhealthy("the name is not resolved: \(reason)")
        case .found(let addresses):
            var reason = "it has no address"
            for address in addresses {
                let left = deadline - clock.uptime
                guard left > .zero else { return .unhealthy("nobody answered in time") }
                guard let problem = problem(connectingTo: address, within: left) else {
                    return .healthy
                }
                reason = problem
            }
            return .unhealthy(reason)
        }
    }

    /// `nil` once there is a connection, which is closed again.
    private func problem(
        connectingTo address: AddressLookup.Address, within time: Duration
    ) -> String? {
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, flags, 0)
        guard descriptor >= 0 else { return Self.words(for: errno) }
        defer { close(descriptor) }
        let code = unsafe address.withPointer { pointer, length in
            unsafe connect(descriptor, pointer, length) == 0 ? 0 : errno
        }
        if code == 0 { return nil }
        guard code == EINPROGRESS else { return Self.words(for: code) }
        return problem(waitingFor: descriptor, until: clock.uptime + time)
    }

    private func problem(waitingFor descriptor: Int32, until deadline: Duration) -> String? {
        while true {
            let left = deadline - clock.uptime
            guard left > .zero else { return "nobody answered in time" }
            var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let ready = unsafe poll(&waiting, 1, Pause.milliseconds(of: left))
            if ready < 0, errno != EINTR { return Self.words(for: errno) }
            if ready > 0 { break }
        }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else {
            return Self.words(for: errno)
        }
        return code == 0 ? nil : Self.words(for: code)
    }

    private static func words(for code: Int32) -> String { unsafe String(cString: strerror(code)) }
}

internal import Glibc

/// A connection to a Unix socket; closed when its life ends.
struct SSHAgentConnection: ~Copyable {
    /// Never negative; closed in `deinit` and nowhere else.
    private let descriptor: Int32
    private let timeout: Duration
    /// For the whole life of the connection, however slowly the agent dribbles.
    private let deadline: Deadline

    static func open(path: String, timeout: Duration) throws(SSHAgentError) -> Self {
        let connection = try Self(unconnectedTo: path, timeout: timeout)
        try connection.limitWaiting()
        try connection.connect(to: path)
        return connection
    }

    private init(unconnectedTo path: String, timeout: Duration) throws(SSHAgentError) {
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else {
            throw .unreachable(path: path, reason: ErrorNumber.text(of: errno))
        }
        self.descriptor = descriptor
        self.timeout = timeout
        deadline = Deadline(after: timeout)
    }

    deinit { close(descriptor) }

    private func connect(to path: String) throws(SSHAgentError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array(path.utf8)
        // A name that is empty, or starts with a zero, would be one outside the file system.
        guard !name.isEmpty, !name.contains(0) else {
            throw .unreachable(path: path, reason: ErrorNumber.text(of: ENOENT))
        }
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw .unreachable(path: path, reason: ErrorNumber.text(of: ENAMETOOLONG))
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        let result = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe Glibc.connect(
                    descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            if errno == EAGAIN { throw .timedOut(after: timeout) }
            throw .unreachable(path: path, reason: ErrorNumber.text(of: errno))
        }
    }

    func send(_ bytes: [UInt8]) throws(SSHAgentError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            try limitWaiting()
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.send(
                    descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            rest.removeFirst(try moved(count))
        }
    }

    /// Reads exactly `count` bytes.
    func receive(_ count: Int) throws(SSHAgentError) -> [UInt8] {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: min(count, 65_536))
        while received.count < count {
            try limitWaiting()
            let wanted = min(count - received.count, buffer.count)
            let got = try moved(unsafe recv(descriptor, &buffer, wanted, 0))
            received += buffer[..<got]
        }
        return received
    }

    /// Lets the next call wait for no longer than what is left of the time.
    private func limitWaiting() throws(SSHAgentError) {
        // To the socket, no time at all would be for ever.
        guard let milliseconds = deadline.millisecondsLeft else {
            throw .timedOut(after: timeout)
        }
        var limit = timeval(
            tv_sec: Int(milliseconds / 1000), tv_usec: Int(milliseconds % 1000) * 1000)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            let size = socklen_t(MemoryLayout<timeval>.size)
            guard unsafe setsockopt(descriptor, SOL_SOCKET, option, &limit, size) == 0 else {
                throw .badAnswer(problem: ErrorNumber.text(of: errno))
            }
        }
    }

    /// How many bytes a call moved; none when it must be tried again.
    private func moved(_ count: Int) throws(SSHAgentError) -> Int {
        if count > 0 { return count }
        if count == 0 { throw .badAnswer(problem: "the connection was closed") }
        switch errno {
        // The next look at the time tells whether it is over.
        case EINTR, EAGAIN: return 0
        case EPIPE, ECONNRESET: throw .badAnswer(problem: "the connection was closed")
        default: throw .badAnswer(problem: ErrorNumber.text(of: errno))
        }
    }
}

public import Agent
internal import Glibc

/// A client's end of the control socket.
public final class ControlConnection {
    private let descriptor: Int32
    private let path: String
    private var input: [UInt8] = []

    /// Returns `nil` when no agent listens at `path`.
    ///
    /// - Throws: ``SlotError`` when the socket may not be used.
    public init?(to path: String) throws(SlotError) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw SlotError(errno, "make a socket for", path) }
        self.descriptor = descriptor
        self.path = path
        let address: UnixAddress
        do { address = try UnixAddress(path) } catch {
            if case .missing = error { return nil }
            throw error
        }
        guard unsafe address.use({ unsafe connect(descriptor, $0, $1) }) != 0 else { return }
        // Nothing there, and the socket of an agent that was killed.
        if errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR { return nil }
        throw SlotError(errno, "connect to", path)
    }

    deinit { close(descriptor) }

    /// Sends one line, without its end.
    public func send(_ line: [UInt8]) throws(SlotError) {
        let bytes = line + [UInt8(ascii: "\n")]
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe Glibc.send(
                    descriptor, raw.baseAddress.map { unsafe $0 + done }, raw.count - done,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SlotError(count < 0 ? errno : EPIPE, "write to", path) }
            done += count
        }
    }

    /// Waits for one line; `nil` when the agent has ended the conversation.
    public func receive() throws(SlotError) -> [UInt8]? {
        while true {
            if let end = input.firstIndex(of: UInt8(ascii: "\n")) {
                defer { input.removeFirst(end + 1) }
                return Array(input[..<end])
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SlotError(errno, "read from", path) }
            guard count > 0 else { return nil }
            input += buffer[..<count]
        }
    }
}

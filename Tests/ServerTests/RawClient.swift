import Foundation
import Glibc

/// A TCP connection that sends what it is told, be it HTTP or not.
///
/// Nothing waits for ever: who waits longer than a minute has found that what it waits for is not
/// coming.
final class RawClient {
    private let socket: Int32
    private static let patienceSeconds = 60

    /// - Parameter address: One of loopback, to come from.
    init(_ url: String, from address: String = "127.0.0.1", receiveBufferBytes: Int32? = nil) throws
    {
        guard let port = URL(string: url)?.port else { throw POSIXError(.EINVAL) }
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: Self.patienceSeconds, tv_usec: 0)
        setsockopt(
            socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(
            socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        if var size = receiveBufferBytes {
            setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        guard Self.with(address, 0, { bind(socket, $0, $1) }) == 0,
            Self.with("127.0.0.1", UInt16(port), { connect(socket, $0, $1) }) == 0
        else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    deinit { close(socket) }

    /// Has the connection broken off, not closed, when this ends.
    func breakOff() {
        var none = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &none, socklen_t(MemoryLayout<linger>.size))
    }

    private static func with(
        _ address: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        place.sin_addr.s_addr = inet_addr(address)
        return withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// Whether all of it could be sent.
    @discardableResult func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// How a wait for the server ended.
    enum End: Equatable { case closed, reset, nothing }

    /// All that comes until the server hangs up.
    func rest() -> (text: String, end: End) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else {
                let end: End = count == 0 ? .closed : errno == EAGAIN ? .nothing : .reset
                return (String(decoding: bytes, as: UTF8.self), end)
            }
            bytes += buffer.prefix(count)
        }
    }

    /// What comes until `text` has come, or nothing more does.
    func receive(until text: String) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let said = String(decoding: bytes, as: UTF8.self)
            if said.contains(text) { return said }
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { return said }
            bytes += buffer.prefix(count)
        }
    }

    /// Whether something has come, be it the end, after at most so long.
    func hasSomething(withinMilliseconds wait: Int32) -> Bool {
        var question = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&question, 1, wait) != 0
    }
}

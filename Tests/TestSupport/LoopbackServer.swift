internal import Foundation
internal import Glibc
internal import Synchronization

/// What a client sent.
public struct ReceivedRequest: Sendable {
    public let method: String
    public let target: String
    /// Names in lower case, in the order they came.
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]

    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// What a ``LoopbackServer`` does with a request; it may well be wrong HTTP.
public enum Reply: Sendable {
    /// Sends the bytes and keeps the connection.
    case bytes([UInt8])
    /// Sends the bytes and cuts the connection.
    case bytesThenCut([UInt8])
    /// Sends the first bytes, then the second ones until the client goes away.
    case endless([UInt8], repeating: [UInt8])
    /// Sends the bytes, and nothing more until the client goes away.
    case bytesThenSilence([UInt8])
    /// Sends the bytes, then the other ones every so often until the client goes away.
    case bytesThenDrip([UInt8], drops: [UInt8], everyMilliseconds: Int32)

    public static func text(_ text: String) -> Reply { .bytes(Array(text.utf8)) }

    public static func ok(_ body: some Collection<UInt8>, _ headers: String = "") -> Reply {
        .status("200 OK", body, headers)
    }

    public static func status(
        _ status: String, _ body: some Collection<UInt8> = [], _ headers: String = ""
    ) -> Reply {
        let head = "HTTP/1.1 \(status)\r\nContent-Length: \(body.count)\r\n\(headers)\r\n"
        return .bytes(Array(head.utf8) + body)
    }
}

/// An HTTP server on 127.0.0.1 that answers as it is told, one thread for each connection.
///
/// Nothing sleeps: threads wait for the client, whose going away ends them.
public final class LoopbackServer: Sendable {
    public let port: UInt16
    private let socket: Int32
    private let log = Mutex<(connections: Int, requests: [ReceivedRequest])>((0, []))

    public init(_ answer: @escaping @Sendable (ReceivedRequest) -> Reply) throws {
        // A proxy of the machine that runs the tests must not stand between.
        setenv("no_proxy", "*", 1)
        (socket, port) = try Self.listen()
        let socket = socket
        Thread.detachNewThread { [weak self] in
            while case let connection = accept(socket, nil, nil), connection >= 0 {
                self?.log.withLock { $0.connections += 1 }
                Thread.detachNewThread { [weak self] in
                    Self.serve(Connection(connection), answer) { request in
                        self?.log.withLock { $0.requests.append(request) }
                    }
                }
            }
            close(socket)
        }
    }

    deinit { shutdown(socket, Int32(SHUT_RDWR)) }

    public var url: String { "http://127.0.0.1:\(port)" }
    /// The paths that were asked for, as they were written.
    public var paths: [String] { requests.map(\.target) }
    public var connectionCount: Int { log.withLock { $0.connections } }
    public var requests: [ReceivedRequest] { log.withLock { $0.requests } }

    /// A port at which nobody listens.
    public static func deadPort() throws -> UInt16 {
        let (socket, port) = try listen()
        close(socket)
        return port
    }

    static func listen() throws -> (socket: Int32, port: UInt16) {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket, address, size) == 0 && Glibc.listen(socket, 16) == 0
                    && getsockname(socket, address, &size) == 0
            }
        }
        guard result else { throw POSIXError(.EADDRNOTAVAIL) }
        return (socket, UInt16(bigEndian: address.sin_port))
    }

    private static func serve(
        _ connection: Connection, _ answer: (ReceivedRequest) -> Reply,
        logging log: (ReceivedRequest) -> Void
    ) {
        defer { connection.end() }
        while let request = connection.readRequest() {
            log(request)
            switch answer(request) {
            case .bytes(let bytes): guard connection.write(bytes) else { return }
            case .bytesThenCut(let bytes):
                _ = connection.write(bytes)
                return
            case .endless(let first, let repeated):
                guard connection.write(first) else { return }
                while connection.write(repeated) {}
                return
            case .bytesThenSilence(let bytes):
                _ = connection.write(bytes)
                connection.waitForEnd()
                return
            case .bytesThenDrip(let bytes, let drops, let pause):
                guard connection.write(bytes) else { return }
                while connection.waitForEnd(milliseconds: pause), connection.write(drops) {}
                return
            }
        }
    }
}

/// One connection of a client, used by one thread.
private final class Connection {
    private let socket: Int32
    private var unread: [UInt8] = []

    init(_ socket: Int32) { self.socket = socket }

    func end() { close(socket) }

    func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    func waitForEnd() { while receive() {} }

    /// Whether the client is still there after so long.
    func waitForEnd(milliseconds: Int32) -> Bool {
        var wait = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&wait, 1, milliseconds) == 0
    }

    private func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(socket, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        unread += buffer.prefix(count)
        return true
    }

    func readRequest() -> ReceivedRequest? {
        while true {
            if let end = unread.firstRange(of: Array("\r\n\r\n".utf8)) {
                let head = String(decoding: unread[..<end.lowerBound], as: UTF8.self)
                unread.removeSubrange(..<end.upperBound)
                return readBody(after: head)
            }
            guard receive() else { return nil }
        }
    }

    private func readBody(after head: String) -> ReceivedRequest? {
        var lines = head.components(separatedBy: "\r\n")
        let words = lines.removeFirst().split(separator: " ")
        guard words.count == 3 else { return nil }
        let headers = lines.map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (
                name: parts[0].lowercased(),
                value: parts.count == 2 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
            )
        }
        let length = headers.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
        while unread.count < length {
            guard receive() else { return nil }
        }
        let body = Array(unread.prefix(length))
        unread.removeFirst(length)
        return ReceivedRequest(
            method: String(words[0]), target: String(words[1]), headers: headers, body: body)
    }
}

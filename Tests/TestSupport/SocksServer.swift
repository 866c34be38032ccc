internal import Foundation
internal import Glibc
internal import Synchronization

/// A SOCKS5 proxy on 127.0.0.1 that asks for a password (RFC 1928, RFC 1929), and answers every
/// request itself instead of handing it on.
public final class SocksServer: Sendable {
    /// What clients wanted.
    public struct Wish: Hashable, Sendable {
        public let user: String
        public let password: String
        /// A name; empty when the client had looked the name up by itself.
        public let host: String

        public init(user: String, password: String, host: String) {
            self.user = user
            self.password = password
            self.host = host
        }
    }

    public let port: UInt16
    private let socket: Int32
    private let log = Mutex<[Wish]>([])

    /// - Parameter answer: The bytes that follow every request.
    public init(answer: String) throws {
        (socket, port) = try LoopbackServer.listen()
        let socket = socket
        Thread.detachNewThread { [weak self] in
            while case let connection = accept(socket, nil, nil), connection >= 0 {
                let client = SocksClient(connection)
                if let wish = client.wish() {
                    self?.log.withLock { $0.append(wish) }
                    client.serve(answer)
                }
                close(connection)
            }
            close(socket)
        }
    }

    deinit { shutdown(socket, Int32(SHUT_RDWR)) }

    public var wishes: [Wish] { log.withLock { $0 } }
}

/// One client of the proxy, and its greeting.
private struct SocksClient {
    let socket: Int32

    init(_ socket: Int32) { self.socket = socket }

    private func read(_ count: Int) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: count)
        return recv(socket, &buffer, count, Int32(MSG_WAITALL)) == count ? buffer : nil
    }

    private func readText() -> String? {
        guard let count = read(1) else { return nil }
        return read(Int(count[0])).map { String(decoding: $0, as: UTF8.self) }
    }

    private func write(_ bytes: [UInt8]) {
        _ = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func wish() -> SocksServer.Wish? {
        guard read(1) == [5], readText() != nil else { return nil }
        write([5, 2])
        guard read(1) == [1], let user = readText(), let password = readText() else { return nil }
        write([1, 0])
        guard let command = read(4) else { return nil }
        var host = ""
        if command[3] == 3 {
            guard let name = readText() else { return nil }
            host = name
        } else if read(command[3] == 1 ? 4 : 16) == nil {
            return nil
        }
        guard read(2) != nil else { return nil }
        write([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        return SocksServer.Wish(user: user, password: password, host: host)
    }

    /// Answers one request, whose end is an empty line.
    func serve(_ answer: String) {
        var last: [UInt8] = []
        while last != Array("\r\n\r\n".utf8) {
            guard let byte = read(1) else { return }
            last = last.suffix(3) + byte
        }
        write(Array(answer.utf8))
    }
}

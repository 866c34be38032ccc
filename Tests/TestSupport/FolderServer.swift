public import Foundation
internal import Glibc

/// A plain web server of one folder on 127.0.0.1, as anybody may put before a repository.
///
/// It knows GET, decodes what is percent-encoded, and closes each connection after its answer.
public final class FolderServer: Sendable {
    public let url: String
    private let socket: Int32

    public init(_ folder: URL) throws {
        // A proxy of the machine that runs the tests must not stand between.
        setenv("no_proxy", "*", 1)
        let (socket, port) = try Self.listen()
        self.socket = socket
        url = "http://127.0.0.1:\(port)"
        Thread.detachNewThread {
            while case let connection = accept(socket, nil, nil), connection >= 0 {
                Thread.detachNewThread { Self.serve(connection, folder) }
            }
            close(socket)
        }
    }

    deinit { shutdown(socket, Int32(SHUT_RDWR)) }

    private static func listen() throws -> (socket: Int32, port: UInt16) {
        // Programs that other tests start must not keep it open.
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let socket = Glibc.socket(AF_INET, kind, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket, address, size) == 0 && Glibc.listen(socket, 16) == 0
                    && getsockname(socket, address, &size) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
        return (socket, UInt16(bigEndian: address.sin_port))
    }

    private static func serve(_ connection: Int32, _ folder: URL) {
        defer { close(connection) }
        guard let words = readHead(connection)?.split(separator: " "), words.count > 2,
            let path = words[1].removingPercentEncoding
        else { return }
        let body = FileManager.default.contents(atPath: folder.path + path)
        let status = body == nil ? "404 Not Found" : "200 OK"
        let head =
            "HTTP/1.1 \(status)\r\nConnection: close\r\nContent-Length: \(body?.count ?? 0)\r\n\r\n"
        var rest = (Data(head.utf8) + (body ?? Data()))[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private static func readHead(_ connection: Int32) -> String? {
        var head: [UInt8] = []
        while head.firstRange(of: Array("\r\n\r\n".utf8)) == nil {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            head += buffer.prefix(count)
        }
        return String(decoding: head, as: UTF8.self)
    }
}

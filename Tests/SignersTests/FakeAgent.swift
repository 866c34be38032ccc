import Foundation
import Glibc
import Testing

/// A Unix socket whose other side sends what a test wants, whatever it is asked.
final class FakeAgent: @unchecked Sendable {
    let path: String
    private let folder: TemporaryFolder
    private let listener: Int32

    enum Behaviour: Sendable {
        /// On each connection reads one request, sends the next of these and closes.
        case answers([[UInt8]])
        /// Closes without reading.
        case close
        /// Reads and says nothing until the test ends.
        case silence
        /// Sends a long answer a byte at a time, until the other side has had enough.
        case dribble

        static func answer(_ bytes: [UInt8]) -> Behaviour { .answers([bytes]) }
    }

    init(_ behaviour: Behaviour) throws {
        folder = try TemporaryFolder()
        path = "\(folder.path)/agent"
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let bound = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && listen(listener, 8) == 0)
        let thread = Thread { [listener] in Self.serve(listener, behaviour) }
        thread.start()
    }

    /// Wakes the thread, which then closes.
    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func serve(_ listener: Int32, _ behaviour: Behaviour) {
        var silent: [Int32] = []
        var served = 0
        while case let peer = accept(listener, nil, nil), peer >= 0 {
            switch behaviour {
            case .answers(let answers):
                readRequest(peer)
                let bytes = answers[min(served, answers.count - 1)]
                _ = send(peer, bytes, bytes.count, Int32(MSG_NOSIGNAL))
                close(peer)
            case .close: close(peer)
            case .silence: silent.append(peer)
            case .dribble:
                let length = wire(0xffff)
                _ = send(peer, length, length.count, Int32(MSG_NOSIGNAL))
                while send(peer, [0], 1, Int32(MSG_NOSIGNAL)) == 1 { _ = poll(nil, 0, 5) }
                close(peer)
            }
            served += 1
        }
        for peer in silent { close(peer) }
        close(listener)
    }

    private static func readRequest(_ peer: Int32) {
        var header = [UInt8](repeating: 0, count: 4)
        guard recv(peer, &header, 4, Int32(MSG_WAITALL)) == 4 else { return }
        let count = header.reduce(0) { $0 << 8 | Int($1) }
        var body = [UInt8](repeating: 0, count: count)
        _ = recv(peer, &body, count, Int32(MSG_WAITALL))
    }
}

/// A big-endian number of 32 bits.
func wire(_ number: Int) -> [UInt8] { withUnsafeBytes(of: UInt32(number).bigEndian) { Array($0) } }

/// A string of SSH: its length and its bytes.
func wire(_ bytes: [UInt8]) -> [UInt8] { wire(bytes.count) + bytes }
func wire(_ text: String) -> [UInt8] { wire(Array(text.utf8)) }

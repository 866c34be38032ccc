import Agent
import Foundation
@testable import Slots
import TestSupport
import Testing

@Suite struct TCPHealthCheckTests {
    private func verdict(
        _ host: String, _ port: UInt16, within time: Duration = .seconds(20)
    ) throws -> HealthVerdict {
        TCPHealthCheck(host: host, port: port, clock: SystemClock.ofThisProcess)
            .run(in: try slot("b"), within: time)
    }

    @Test func isHealthyWhenSomebodyListens() throws {
        let server = try LoopbackServer { _ in .ok([]) }
        #expect(try verdict("127.0.0.1", server.port) == .healthy)
    }

    /// The name may stand for addresses of which only one is listened on.
    @Test func everyAddressOfANameIsTried() throws {
        let server = try LoopbackServer { _ in .ok([]) }
        #expect(try verdict("localhost", server.port) == .healthy)
    }

    @Test func isUnhealthyWhenNobodyListens() throws {
        #expect(
            try verdict("127.0.0.1", LoopbackServer.deadPort())
                == .unhealthy("Connection refused"))
    }

    @Test func aNameThatIsNoneIsToldSo() throws {
        guard case .unhealthy(let reason) = try verdict("a..b", 80) else {
            Issue.record("it has no address")
            return
        }
        #expect(reason.hasPrefix("the name is not resolved: "))
    }

    /// Linux takes no more connections for a socket whose queue is full, and does not say so.
    @Test(.timeLimit(.minutes(1))) func aServerThatDoesNotAnswerIsGivenUp() throws {
        let full = try FullServer()
        #expect(
            try verdict("127.0.0.1", full.port, within: .milliseconds(300))
                == .unhealthy("nobody answered in time"))
    }

    @Test(.timeLimit(.minutes(1))) func aResolverThatHangsIsNotWaitedFor() {
        let end = DispatchSemaphore(value: 0)
        let answer = AddressLookup.addresses(
            of: "device.example", port: 80, within: .milliseconds(50)
        ) { _, _ in
            end.wait()
            return .found([])
        }
        guard case .late = answer else {
            Issue.record("nobody has answered yet: \(answer)")
            return
        }
        end.signal()
    }
}

/// A server that takes no connection, as its queue is full.
private final class FullServer {
    let port: UInt16
    private var sockets: [Int32] = []

    init() throws {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        sockets.append(server)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(server, address, size) == 0 && listen(server, 0) == 0
                    && getsockname(server, address, &size) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
        port = UInt16(bigEndian: address.sin_port)
        for _ in 0..<8 {
            let client = socket(
                AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            sockets.append(client)
            _ = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(client, $0, size)
                }
            }
        }
    }

    deinit { sockets.forEach { _ = close($0) } }
}

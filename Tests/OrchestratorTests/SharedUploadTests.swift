import Model
import OpenSSL
import Orchestrator
import Testing
import Trust

/// Uploads to several servers on one repository: whichever is asked goes on.
@Suite struct SharedUploadTests {
    private static let image: [UInt8] = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    private static let digest = OpenSSLHashing().sha256(image)

    private static func servers() async throws -> (World, [Orchestrator]) {
        let world = try World()
        var servers: [Orchestrator] = []
        for _ in 0..<2 { servers.append(try await world.orchestrator()) }
        return (world, servers)
    }

    private static func append(
        _ range: Range<Int>, to server: Orchestrator, expecting expected: Digest? = nil
    ) async throws -> Int64 {
        try await server.append(
            toUpload: digest, at: Int64(range.lowerBound), expecting: expected,
            Pieces([Array(image[range])])
        ).offset
    }

    @Test func anyServerGoesOn() async throws {
        let (_, servers) = try await Self.servers()
        _ = try await servers[0].beginUpload(of: Self.digest, length: 100_000)
        for start in stride(from: 0, to: 100_000, by: 10_000) {
            let server = servers[start / 10_000 % 2]
            let offset = try await Self.append(start..<start + 10_000, to: server)
            #expect(offset == Int64(start + 10_000))
        }
        for server in servers {
            let isThere = try await server.hasImage(Self.digest)
            #expect(isThere)
            let standing = try await server.standing(ofUpload: Self.digest)
            #expect(standing.offset == 100_000)
        }
    }

    @Test func whatAnotherServerHasTakenBackIsReadAgain() async throws {
        let (_, servers) = try await Self.servers()
        _ = try await servers[0].beginUpload(of: Self.digest, length: 100_000)
        _ = try await Self.append(0..<10_000, to: servers[0])
        // The other one takes back what does not have its digest, and then what follows is as long.
        await #expect(throws: Refusal.checksum) {
            _ = try await Self.append(
                10_000..<20_000, to: servers[1], expecting: OpenSSLHashing().sha256([]))
        }
        _ = try await Self.append(10_000..<20_000, to: servers[1])
        let offset = try await Self.append(20_000..<100_000, to: servers[0])
        #expect(offset == 100_000)
    }

    @Test func whatAnotherServerHasEndedBeginsAnew() async throws {
        let (_, servers) = try await Self.servers()
        _ = try await servers[0].beginUpload(of: Self.digest, length: 100_000)
        _ = try await Self.append(0..<10_000, to: servers[0])
        try await servers[1].endUpload(of: Self.digest)
        await #expect(throws: Refusal.unknown("there is no upload of \(Self.digest)")) {
            _ = try await servers[0].standing(ofUpload: Self.digest)
        }
        let begun = try await servers[1].beginUpload(of: Self.digest, length: 100_000)
        #expect(begun.offset == 0)
        let offset = try await Self.append(0..<100_000, to: servers[0])
        #expect(offset == 100_000)
    }
}

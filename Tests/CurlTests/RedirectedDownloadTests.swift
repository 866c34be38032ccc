import Curl
import Foundation
import TestSupport
import Testing

/// Images that a server sends us elsewhere for, such as to a bucket.
@Suite struct RedirectedDownloadTests {
    private static let bytes = Array<UInt8>(0..<200)

    /// A bucket that serves the bytes with ranges.
    private static func bucket() throws -> LoopbackServer {
        try LoopbackServer { request in
            guard let range = request.header("range"),
                let first = Int(range.dropFirst("bytes=".count).dropLast())
            else { return .ok(bytes) }
            return .status(
                "206 Partial Content", bytes[first...],
                "Content-Range: bytes \(first)-199/200\r\n")
        }
    }

    private static func server(to address: String) throws -> LoopbackServer {
        try LoopbackServer { _ in
            .status("307 Temporary Redirect", [], "Location: \(address)\r\n")
        }
    }

    @Test func aDownloadGoesOnThroughTheRedirect() throws {
        let bucket = try Self.bucket()
        let server = try Self.server(to: "\(bucket.url)/firmware/x?X-Amz-Signature=s")
        var got: [UInt8] = []
        let end = try HTTPClient(options: .standard).download(
            url: "\(server.url)/x", headers: [], from: 150, ofLength: 200
        ) {
            got += $0
            return true
        }
        #expect(end == .complete(bytes: 50))
        #expect(got == Array(Self.bytes[150...]))
        #expect(bucket.requests.map { $0.header("range") } == ["bytes=150-"])
        #expect(bucket.paths == ["/firmware/x?X-Amz-Signature=s"])
    }

    @Test func whatWeShowToTheServerIsNotShownElsewhere() throws {
        let bucket = try Self.bucket()
        let server = try Self.server(to: "\(bucket.url)/x")
        let secrets = [("Authorization", "Bearer secret"), ("Cookie", "secret")]
        let client = try HTTPClient(options: .standard)
        _ = try client.download(
            url: "\(server.url)/x", headers: secrets, from: 0, ofLength: 200
        ) { _ in true }
        _ = try client.send(
            HTTPRequest(method: .get, url: "\(server.url)/x", headers: secrets),
            bodyLimitBytes: 1000)
        #expect(server.requests.allSatisfy { $0.header("authorization") == "Bearer secret" })
        #expect(bucket.requests.count == 2)
        for request in bucket.requests {
            #expect(!request.headers.contains { $0.value.contains("secret") })
        }
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x"])
    func nothingButTheWebIsFollowed(address: String) throws {
        let server = try Self.server(to: address)
        #expect(throws: HTTPError.self) {
            _ = try HTTPClient(options: .standard).download(
                url: "\(server.url)/x", headers: [], from: 0, ofLength: 200
            ) { _ in true }
        }
    }
}

import Agent
import Curl
import Foundation
import JSON
import Model
import Slots
import TestSupport
import Testing

@testable import slipway_agent

private struct FixedClock: AgentClock {
    var now: Instant { Instant(secondsSinceEpoch: 12) }
    var uptime: Duration { .zero }
}

func networkSettings(_ json: String) throws -> NetworkSettings {
    try NetworkSettings(
        JSONFields(JSONValue(parsing: Array(json.utf8), limits: .standard(bytes: 65_536))))
}

/// The agent's way to its server and mirrors, over sockets.
@Suite struct TransportTests {
    private static let image = Array("0123456789".utf8)

    private func transport(
        _ server: LoopbackServer, mirrors: [LoopbackServer] = [], _ more: String = ""
    ) throws -> HTTPTransport {
        let urls = mirrors.map { "\"\($0.url)/files/\"" }.joined(separator: ",")
        return try HTTPTransport(
            networkSettings(#"{"server": "\#(server.url)/", "mirrors": [\#(urls)]\#(more)}"#),
            limits: .standard, clock: FixedClock(), note: { _ in })
    }

    /// Serves the image and its parts as it should.
    private static func serve(_ request: ReceivedRequest) -> Reply {
        guard let range = request.header("range") else { return .ok(image) }
        let start = must(Int(range.dropFirst(6).dropLast()))
        return .status(
            "206 Partial", image[start...], "Content-Range: bytes \(start)-9/10\r\n")
    }

    private func fetch(
        _ transport: HTTPTransport, from offset: Int64 = 0
    ) throws -> (end: ImageEnd, text: String) {
        var bytes: [UInt8] = []
        let end = try transport.image("a.img", from: offset, maximumBytes: 10 - offset) {
            bytes += $0
            return true
        }
        return (end, String(decoding: bytes, as: UTF8.self))
    }

    @Test func filesComeFromMirrorsAndAnswersFromTheServer() throws {
        let server = try LoopbackServer { _ in .ok(Array("{}".utf8)) }
        let mirror = try LoopbackServer { request in
            request.target.hasSuffix(".json") ? .ok(Array("{}".utf8)) : Self.serve(request)
        }
        let transport = try transport(server, mirrors: [mirror])
        #expect(try transport.checkIn([1]) == Array("{}".utf8))
        #expect(try transport.metadata("timestamp.json", limitBytes: 9) == Array("{}".utf8))
        #expect(try transport.metadata("2.snapshot.json", limitBytes: 9) == Array("{}".utf8))
        #expect(try fetch(transport) == (.complete, "0123456789"))
        #expect(
            server.paths == ["/device/v1/check-in", "/repository/metadata/timestamp.json"])
        #expect(
            mirror.paths == ["/files/metadata/2.snapshot.json", "/files/targets/a.img"])
    }

    @Test func anotherMirrorGoesOnWhereOneBrokeOff() throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
        let first = try LoopbackServer { _ in .bytesThenCut(Array("\(head)0123".utf8)) }
        let second = try LoopbackServer(Self.serve)
        let server = try LoopbackServer(Self.serve)
        let transport = try transport(server, mirrors: [first, second])
        #expect(try fetch(transport) == (.complete, "0123456789"))
        #expect(second.requests.map { $0.header("range") } == ["bytes=4-"])
        #expect(server.requests.isEmpty)
    }

    /// One row for each stranger that a download may meet at the server's own address.
    static let strangers: [(name: String, reply: Reply)] = [
        ("a login page", .ok("<html>".utf8, "Content-Type: text/html\r\n")),
        ("an image of another length", .ok([1, 2, 3])),
        ("a network that wants a login", .status("511 Log in")),
        ("a proxy that wants a password", .status("407 Who")),
        ("a server that is busy", .status("503 Busy", [], "Retry-After: 5\r\n")),
        ("a gateway without a server", .status("502 Bad Gateway")),
        ("a connection that is cut", .bytesThenCut([])),
        ("a head that is cut", .bytesThenCut(Array("HTTP/1.1 200 OK\r\nContent-Le".utf8))),
        ("something else than HTTP", .bytesThenCut(Array("SSH-2.0-x\r\n".utf8))),
    ]

    @Test(arguments: strangers.indices, [0, 5] as [Int64])
    func noStrangerEndsATryForGoodOrHasItBeginAnew(index: Int, offset: Int64) throws {
        let server = try LoopbackServer { _ in Self.strangers[index].reply }
        let transport = try transport(server)
        let error = #expect(throws: TransportError.self) { try fetch(transport, from: offset) }
        #expect(!(try #require(error).isPermanent), "\(Self.strangers[index].name)")
    }

    @Test func theServersOwnRefusalsAreForGood() throws {
        let server = try LoopbackServer { request in
            request.target.hasSuffix("a.img") ? .status("404 No") : .status("410 Gone")
        }
        let transport = try transport(server)
        #expect(try fetch(transport).end == .absent)
        let error = #expect(throws: TransportError.self) {
            try transport.image("b.img", from: 0, maximumBytes: 10) { _ in true }
        }
        #expect(error?.isPermanent == true)
    }

    @Test(arguments: [429, 500, 503, 507])
    func aServerThatIsBusySaysForHowLong(status: Int) throws {
        let server = try LoopbackServer { _ in
            .status("\(status) Slow down", [], "Retry-After: 77\r\n")
        }
        let transport = try transport(server)
        let busy = TransportError.busy(status: status, retryAfterSeconds: 77)
        #expect(throws: busy) { try transport.checkIn([1]) }
        #expect(throws: busy) { try transport.metadata("timestamp.json", limitBytes: 9) }
        #expect(throws: busy) { try fetch(transport) }
    }

    /// Read as metadata they would look like an attack by the server.
    @Test(arguments: ["<html>log in</html>", " \r\n\t<!DOCTYPE html>", ""])
    func aLoginPageIsNoMetadata(page: String) throws {
        let portal = try LoopbackServer { _ in
            .ok(page.utf8, "Content-Type: text/html\r\n")
        }
        #expect(throws: TransportError.foreign("it is a web page")) {
            try transport(portal).metadata("timestamp.json", limitBytes: 100)
        }
    }

    @Test func aStatusBehindARedirectDoesNotSayThatMetadataIsAbsent() throws {
        let portal = try LoopbackServer { request in
            request.target == "/login"
                ? .status("404 No") : .status("302 Found", [], "Location: /login\r\n")
        }
        let error = #expect(throws: TransportError.self) {
            try transport(portal).metadata("2.root.json", limitBytes: 100)
        }
        #expect(error?.isPermanent == false)
    }

    @Test func aClockThatIsBehindIsNamed() throws {
        let folder = try Certificates()
        try folder.make(Certificates.Wish(begins: "20890101000000Z", ends: "20900101000000Z"))
        let front = try TLSFront(before: LoopbackServer(Self.serve), in: folder)
        let transport = try HTTPTransport(
            networkSettings(
                #"{"server": "\#(front.url)", "ca_file": "\#(folder.path)/authority.pem"}"#),
            limits: .standard, clock: FixedClock(), note: { _ in })
        let error = #expect(throws: TransportError.self) { try fetch(transport) }
        #expect("\(try #require(error))".contains("clock says 1970-01-01T00:00:12Z"))
        #expect(error?.isPermanent == false)
    }
}

@Suite struct NetworkSettingsTests {
    @Test func hasUsualValues() throws {
        let settings = try networkSettings(#"{"server": "https://updates.example/"}"#)
        #expect(settings.server == "https://updates.example")
        #expect(settings.mirrors.isEmpty)
        #expect(settings.maximumBytesPerSecond == nil)
        #expect(settings.policy == .always)
        #expect(settings.meter.link() == .free)
        var usual = HTTPOptions.standard
        usual.userAgent = "slipway-agent"
        #expect(settings.options == usual)
    }

    @Test func readsEverySetting() throws {
        let folder = try Certificates()
        try folder.write("corréct horse\n", to: "passphrase")
        let settings = try networkSettings(
            """
            {"server": "https://updates.example", "mirrors": ["http://a.example/x/", "http://b"],
             "proxy": "socks5h://me:pass@proxy:1080", "no_proxy": ["local"],
             "ca_file": "/ca.pem", "client_certificate": "/c.pem", "client_key": "/k.pem",
             "client_key_passphrase_file": "\(folder.path)/passphrase", "interface": "wwan0",
             "maximum_bytes_per_second": 1000, "stall_seconds": 60, "connect_timeout_seconds": 20,
             "metered_command": ["/bin/true"], "metered_file": "/run/metered",
             "metered_maximum_bytes": 5}
            """)
        #expect(settings.mirrors == ["http://a.example/x", "http://b"])
        #expect(settings.maximumBytesPerSecond == 1000)
        var options = HTTPOptions.standard
        options.userAgent = "slipway-agent"
        options.stallTimeoutSeconds = 60
        options.connectTimeoutSeconds = 20
        options.proxy = .through(try #require(ProxyAddress("socks5h://me:pass@proxy:1080")))
        options.hostsWithoutProxy = ["local"]
        options.authorityPath = "/ca.pem"
        options.interface = "wwan0"
        options.clientCertificate = ClientCertificate(
            certificatePath: "/c.pem", keyPath: "/k.pem", passphrase: "corréct horse")
        #expect(settings.options == options)
        #expect(settings.policy.meteredMaximumBytes == 5)
        #expect(settings.meter.link() == .metered)
    }

    @Test func aKeyMayStandBesideItsCertificate() throws {
        let settings = try networkSettings(
            #"{"server": "https://x", "client_certificate": "/both.pem", "proxy": "none"}"#)
        #expect(
            settings.options.clientCertificate
                == ClientCertificate(
                    certificatePath: "/both.pem", keyPath: "/both.pem", passphrase: ""))
        #expect(settings.options.proxy == HTTPProxy.none)
    }

    @Test(arguments: [
        ("{}", "server"), (#"{"server": "ftp://x"}"#, "server"),
        (#"{"server": "http://x/?a=b"}"#, "server"),
        (#"{"server": "http://x", "mirrors": ["x"]}"#, "mirrors"),
        (#"{"server": "http://x", "mirrors": [1]}"#, "mirrors[0]"),
        (#"{"server": "http://x", "proxy": "proxy:3128"}"#, "proxy"),
        (#"{"server": "http://x", "interface": "a/b"}"#, "interface"),
        (#"{"server": "http://x", "interface": "sixteen-letters-"}"#, "interface"),
        (#"{"server": "http://x", "client_key": "/k.pem"}"#, "client_key"),
        (#"{"server": "http://x", "stall_seconds": 0}"#, "stall_seconds"),
        (#"{"server": "http://x", "connect_timeout_seconds": 0}"#, "connect_timeout_seconds"),
        (#"{"server": "http://x", "maximum_bytes_per_second": 0}"#, "maximum_bytes_per_second"),
        (#"{"server": "http://x", "quiet_hours": 1}"#, "quiet_hours"),
    ])
    func refusesWhatMakesNoSense(json: String, path: String) throws {
        let error = #expect(throws: JSONShapeError.self) { try networkSettings(json) }
        #expect("\(try #require(error))".contains(path))
    }
}

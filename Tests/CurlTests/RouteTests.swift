import Curl
import Foundation
import TestSupport
import Testing

/// The way to the server: proxies, interfaces, and networks that change.
@Suite struct RouteTests {
    private func client(_ edit: (inout HTTPOptions) -> Void) throws -> HTTPClient {
        var options = HTTPOptions.standard
        edit(&options)
        return try HTTPClient(options: options)
    }

    private func proxy(_ url: String) throws -> HTTPProxy {
        .through(try #require(ProxyAddress(url)))
    }

    @Test func asksAProxyWithItsPassword() throws {
        let proxy = try LoopbackServer { _ in .ok([1]) }
        let client = try client {
            $0.proxy = .through(must(ProxyAddress("http://me:p%40ss@127.0.0.1:\(proxy.port)")))
        }
        let response = try client.send(get("http://device.invalid/a"), bodyLimitBytes: 1)
        #expect(response.body == [1])
        let request = try #require(proxy.requests.first)
        #expect(request.target == "http://device.invalid/a")
        let password = Data("me:p@ss".utf8).base64EncodedString()
        #expect(request.header("proxy-authorization") == "Basic \(password)")
    }

    @Test func asksAProxyForATunnelToATLSServer() throws {
        let proxy = try LoopbackServer { _ in .status("407 Who are you") }
        let client = try client {
            $0.proxy = .through(must(ProxyAddress("http://127.0.0.1:\(proxy.port)")))
        }
        expectError(.network) {
            _ = try client.send(get("https://device.invalid/a"), bodyLimitBytes: 1)
        }
        let request = try #require(proxy.requests.first)
        #expect(request.method == "CONNECT")
        #expect(request.target == "device.invalid:443")
    }

    @Test func leavesNamesToASocksProxy() throws {
        let proxy = try SocksServer(answer: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        let client = try client {
            $0.proxy = .through(must(ProxyAddress("socks5h://me:pass@127.0.0.1:\(proxy.port)")))
        }
        let response = try client.send(get("http://device.invalid/a"), bodyLimitBytes: 1)
        #expect(response.body == Array("x".utf8))
        #expect(
            proxy.wishes == [
                SocksServer.Wish(user: "me", password: "pass", host: "device.invalid")
            ])
    }

    @Test func asksExceptionsDirectly() throws {
        let server = try LoopbackServer { _ in .ok([1]) }
        let proxy = try LoopbackServer { _ in .ok([2]) }
        for (exceptions, body) in [(["127.0.0.1"], [1]), (["example.com"], [2]), (nil, [2])]
            as [([String]?, [UInt8])]
        {
            let client = try client {
                $0.proxy = .through(must(ProxyAddress("http://127.0.0.1:\(proxy.port)")))
                $0.hostsWithoutProxy = exceptions
            }
            #expect(try client.send(get(server.url), bodyLimitBytes: 1).body == body)
        }
    }

    /// In a process of its own: the environment is one for all tests.
    @Test func takesAProxyFromTheEnvironmentUnlessItIsToldOtherwise() async {
        await #expect(processExitsWith: .success) {
            let server = try LoopbackServer { _ in .ok([1]) }
            let proxy = try LoopbackServer { _ in .ok([2]) }
            unsetenv("no_proxy")
            setenv("http_proxy", "http://127.0.0.1:\(proxy.port)", 1)
            for (choice, exceptions, body) in [
                (.fromEnvironment, nil, 2), (.none, nil, 1), (.fromEnvironment, ["127.0.0.1"], 1),
            ] as [(HTTPProxy, [String]?, UInt8)] {
                var options = HTTPOptions.standard
                options.proxy = choice
                options.hostsWithoutProxy = exceptions
                let response = try HTTPClient(options: options).send(
                    get(server.url), bodyLimitBytes: 1)
                try #require(response.body == [body])
            }
        }
    }

    @Test(arguments: [
        "", "127.0.0.1:3128", "ftp://127.0.0.1", "socks4://127.0.0.1", "http://", "http://:80",
        "http:///x", "http://a b", "http://a@b@c", "http://ä", "http://x\r\ny",
    ])
    func isNoProxy(url: String) { #expect(ProxyAddress(url) == nil) }

    @Test func keepsSecretsOutOfItsDescription() throws {
        let address = try #require(ProxyAddress("http://me:secret@proxy.example:3128"))
        let certificate = ClientCertificate(
            certificatePath: "/c.pem", keyPath: "/k.pem", passphrase: "secret")
        for text in [
            "\(address)", String(reflecting: address), "\(certificate)",
            String(reflecting: certificate),
        ] {
            #expect(!text.contains("secret"))
        }
        #expect("\(address)".contains("proxy.example:3128"))
    }

    @Test func leavesByTheNamedInterface() throws {
        let server = try LoopbackServer { _ in .ok([1]) }
        let own = try client { $0.interface = "lo" }
        #expect(try own.send(get(server.url), bodyLimitBytes: 1).body == [1])
        let missing = try client { $0.interface = "nothing0" }
        expectError(.unreachable) { _ = try missing.send(get(server.url), bodyLimitBytes: 1) }
        // An interface is never taken for the address of one.
        let host = try client { $0.interface = "127.0.0.1" }
        expectError(.unreachable) { _ = try host.send(get(server.url), bodyLimitBytes: 1) }
        #expect(server.requests.count == 1)
    }

    /// The network may be another one: no connection from before is relied on.
    @Test func connectsAnewToEverybodyAfterOneFailed() throws {
        let steady = try LoopbackServer { _ in .ok([1]) }
        let flaky = try LoopbackServer { _ in .bytesThenCut(Array("HTTP/1.1 2".utf8)) }
        let client = try client { _ in }
        for _ in 0..<2 { _ = try client.send(get(steady.url), bodyLimitBytes: 1) }
        #expect(steady.connectionCount == 1)
        expectError(.network) { _ = try client.send(get(flaky.url), bodyLimitBytes: 1) }
        for _ in 0..<2 { _ = try client.send(get(steady.url), bodyLimitBytes: 1) }
        #expect(steady.connectionCount == 2)
    }

    @Test func givesUpAServerThatTrickles() throws {
        let server = try LoopbackServer { _ in
            .bytesThenDrip(
                Array("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n".utf8), drops: [1],
                everyMilliseconds: 100)
        }
        let client = try client { $0.stallTimeoutSeconds = 1 }
        expectError(.timedOut) {
            _ = try client.download(url: server.url, headers: [], from: 0, ofLength: 9999) { _ in
                true
            }
        }
    }
}

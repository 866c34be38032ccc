import Testing

@testable import Server

/// Whom the server takes for the client, whatever headers say.
@Suite struct TrustedProxiesTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var peer = "10.0.0.1"
        let lines: [String]
        let client: String

        init(_ sentence: String, peer: String = "10.0.0.1", _ lines: [String], _ client: String) {
            testDescription = sentence
            self.peer = peer
            self.lines = lines
            self.client = client
        }
    }

    private static func client(
        _ row: Row, _ header: TrustedProxies.Header
    ) throws -> NetworkAddress? {
        let ranges = try #require(
            TrustedProxies.ranges("10.0.0.0/8, 2001:db8:aa::/48,192.0.2.1"))
        return TrustedProxies(ranges, header: header).client(
            peer: try #require(NetworkAddress(row.peer)), lines: row.lines)
    }

    static let appended: [Row] = [
        Row("a stranger is not believed", peer: "203.0.113.9", ["1.1.1.1"], "203.0.113.9"),
        Row("a proxy without the header is the client", [], "10.0.0.1"),
        Row("a proxy is believed", ["203.0.113.9"], "203.0.113.9"),
        Row("what the client made up is not", ["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
        Row("nor in a line of its own", ["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
        Row("a row of proxies is", ["1.1.1.1, 203.0.113.9, 10.2.2.2,192.0.2.1"], "203.0.113.9"),
        Row("a client that names a proxy is not", ["10.0.0.5, 203.0.113.9"], "203.0.113.9"),
        Row("garbage ends at who wrote it", ["1.1.1.1, unknown, 10.3.3.3"], "10.3.3.3"),
        Row("garbage alone is the proxy", ["x"], "10.0.0.1"),
        Row("nothing between commas", ["1.1.1.1,"], "10.0.0.1"),
        Row("an empty line", [""], "10.0.0.1"),
        Row("a port", ["203.0.113.9:4711"], "203.0.113.9"),
        Row("a port that is none", ["203.0.113.9:471100"], "10.0.0.1"),
        Row("version 6", ["2001:db8:bb::9"], "2001:db8:bb::9"),
        Row("version 6 in brackets", ["[2001:db8:bb::9]"], "2001:db8:bb::9"),
        Row("with a port behind them", ["[2001:db8:bb::9]:443"], "2001:db8:bb::9"),
        Row("brackets that do not close", ["[2001:db8:bb::9"], "10.0.0.1"),
        Row("a mapped address is that of version 4", ["::ffff:203.0.113.9"], "203.0.113.9"),
        Row("a mapped proxy", peer: "::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        Row("a proxy of version 6", peer: "2001:db8:aa::1", ["203.0.113.9"], "203.0.113.9"),
        Row("tabs and spaces", ["\t 203.0.113.9 \t"], "203.0.113.9"),
        Row("only proxies", ["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        Row(
            "more proxies than anybody has",
            ["203.0.113.9" + String(repeating: ", 10.9.9.9", count: 100)], "10.9.9.9"),
    ]

    @Test(arguments: appended)
    func believesWhatTrustedProxiesAppend(row: Row) throws {
        #expect(try Self.client(row, .xForwardedFor) == NetworkAddress(row.client))
    }

    static let forwarded: [Row] = [
        Row("a proxy is believed", ["for=203.0.113.9"], "203.0.113.9"),
        Row("whatever else it says", ["proto=https; FOR=203.0.113.9;by=10.0.0.1"], "203.0.113.9"),
        Row("the rightmost", ["for=1.1.1.1, for=203.0.113.9"], "203.0.113.9"),
        Row("version 6", [#"for="[2001:db8:bb::9]:4711""#], "2001:db8:bb::9"),
        Row("a name that hides", ["for=1.1.1.1, for=_gateway"], "10.0.0.1"),
        Row("no for", ["for=1.1.1.1, proto=https"], "10.0.0.1"),
        Row("for twice", ["for=1.1.1.1;for=2.2.2.2"], "10.0.0.1"),
        Row("the other header's form", ["203.0.113.9"], "10.0.0.1"),
        Row("a quote that does not close", [#"for="203.0.113.9"#], "10.0.0.1"),
        Row("a stranger is not", peer: "203.0.113.9", ["for=1.1.1.1"], "203.0.113.9"),
    ]

    @Test(arguments: forwarded)
    func believesTheForwardedHeaderOfTrustedProxies(row: Row) throws {
        #expect(try Self.client(row, .forwarded) == NetworkAddress(row.client))
    }
}

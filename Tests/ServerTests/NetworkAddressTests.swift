import Testing

@testable import Server

/// Addresses as people, kernels and proxies write them.
@Suite struct NetworkAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "::ffff:127.0.0.1"), ("127.0.0.1", "::ffff:7f00:1"),
        ("2001:db8::1", "2001:0db8:0:0:0:0:0:1"), ("::", "0:0:0:0:0:0:0:0"),
        ("2001:DB8::a", "2001:db8::A"), ("1::", "1:0:0:0:0:0:0:0"),
        ("::1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7"),
    ])
    func oneAddressHasManySpellings(one: String, other: String) throws {
        let address = try #require(NetworkAddress(one))
        #expect(address == NetworkAddress(other))
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.+4", "1.2.3.4 ",
        "1.2.3.4:80",
        ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "::12345",
        "::g", "::+1", "[::1]", "fe80::1%eth0", "::1.2.3", "1.2.3.4::", "localhost", "１.2.3.4",
        "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7",
    ])
    func whatIsNoAddressIsNone(text: String) {
        #expect(NetworkAddress(text) == nil)
    }

    @Test func neighboursOfVersionSixCountTogether() throws {
        let one = try #require(NetworkAddress("2001:db8:1:2::1"))
        #expect(one.site == NetworkAddress("2001:db8:1:2:ffff::9")?.site)
        #expect(one.site != NetworkAddress("2001:db8:1:3::1")?.site)
        let four = try #require(NetworkAddress("10.0.0.1"))
        #expect(four.site != NetworkAddress("10.0.0.2")?.site)
    }

    static let ranges: [(range: String, address: String, isInside: Bool)] = [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false),
        ("10.0.0.0/8", "::ffff:10.1.1.1", true), ("0.0.0.0/0", "8.8.8.8", true),
        ("0.0.0.0/0", "2001:db8::1", false), ("::/0", "8.8.8.8", true),
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.6", false),
        ("192.0.2.6/31", "192.0.2.7", true), ("2001:db8::/33", "2001:db8:7fff::1", true),
        ("2001:db8::/33", "2001:db8:8000::1", false), ("2001:db8::1/128", "2001:db8::1", true),
        ("2001:db8::/64", "2001:db8::ffff:0:0:1", true),
        ("2001:db8::/65", "2001:db8::ffff:0:0:1", false),
    ]

    @Test(arguments: ranges)
    func aRangeHoldsWhatBeginsAsItDoes(range: String, address: String, isInside: Bool) throws {
        let range = try #require(NetworkRange(range))
        #expect(range.contains(try #require(NetworkAddress(address))) == isInside)
    }

    @Test(arguments: [
        "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8",
        "2001:db8::/129", "2001:db8::1/32", "/8", "",
    ])
    func whatIsNoRangeIsNone(text: String) {
        #expect(NetworkRange(text) == nil)
    }
}

import Model
import Testing

@Suite struct VersionTests {
    /// Each older than the next.
    static let ladders: [[String]] = [
        // Semantic Versioning 2.0.0 section 11.2 and 11.4.
        ["1.0.0", "2.0.0", "2.1.0", "2.1.1"],
        [
            "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
            "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0",
        ],
        // Numbers are numbers, however many digits they have.
        ["1.9", "1.10", "1.100"],
        ["2022.12", "2023.01", "2023.1.1", "2023.2", "2023.10"],
        ["1.0.0-9", "1.0.0-10", "1.0.0-a"],
        [
            "1.0.0-18446744073709551615", "1.0.0-18446744073709551616",
            "1.0.0-100000000000000000000",
        ],
        ["1.0.0-99999999999999999999", "1.0.0--", "1.0.0-A", "1.0.0-a"],
        ["1.18446744073709551614", "1.18446744073709551615", "2.0"],
        // Missing numbers count as zero; then the writing decides, so that no two are equal.
        ["0.9", "1", "1.0", "1.0.0", "1.0.0.0", "1.0.0.1"],
        ["1.01", "1.1"],
        ["1.0-01", "1.0-1"],
        ["1.0.0-rc.1", "1.0.0-rc.1+a", "1.0.0-rc.1+b", "1.0.0", "1.0.0+a", "1.0.0+b"],
    ]

    @Test(arguments: ladders)
    func sorts(ladder: [String]) throws {
        let versions = try ladder.map { try #require(Version($0), "\($0)") }
        for (index, version) in versions.enumerated() {
            for other in versions[(index + 1)...] {
                #expect(version < other, "\(version) < \(other)")
                #expect(!(other < version), "\(other) < \(version)")
                #expect(version != other)
            }
            #expect(!(version < version))
        }
    }

    /// A sort over an order that is not one could lose a version, or trap.
    @Test func isATotalOrder() {
        let all = Self.ladders.flatMap { $0 }.compactMap { Version($0) }
        for a in all {
            for b in all {
                #expect([a < b, a == b, b < a].count { $0 } == 1, "\(a) and \(b)")
                for c in all where a < b && b < c {
                    guard a < c else {
                        Issue.record("\(a) < \(b) < \(c)")
                        return
                    }
                }
            }
        }
    }

    @Test(arguments: [
        "0", "1.2.3.4", "2023.01", "0.0.0", "1.0.0-a.b-c.1", "1.0+build.5", "1.0-~rc", "1--",
        "18446744073709551615", "1.0.0+99999999999999999999999999",
        String(repeating: "9", count: 19),
        "1.0-" + String(repeating: "a", count: 60),
    ])
    func takes(text: String) {
        #expect(Version(text)?.text == text)
        #expect(Version(text)?.description == text)
        #expect(Version(text) == Version(text))
    }

    @Test(arguments: [
        "", ".", "1.", ".1", "1..2", "1.2.3.4.5", "v1.0", "1.0a", "-1", "+1", "1.-1", "1.+1",
        "1.0-", "1.0-a..b", "1.0-.a", "1.0+", "1.0+a+b", "1.0-a b", " 1", "1 ", "1.0\n", "1.é",
        "1.0-é", "１.0", "1\u{301}", "0x1", "1e3", "18446744073709551616", "1.0-a_b", "1.0/2",
        "1.0-" + String(repeating: "a", count: 61),
    ])
    func refuses(text: String) {
        #expect(Version(text) == nil)
    }

    // MARK: - Releases

    @Test func aReleaseIsANameAndAVersion() throws {
        let release = try #require(ReleaseID("acme-gateway 2.4.1-rc.1"))
        #expect(release.name.text == "acme-gateway")
        #expect(release.version.text == "2.4.1-rc.1")
        #expect("\(release)" == "acme-gateway 2.4.1-rc.1")
    }

    @Test(arguments: [
        "", " ", "a", "a ", " 1", "a  1", "a 1 ", " a 1", "a 1 2", "a b", "a\t1", "-a 1",
    ])
    func refusesTheRelease(text: String) {
        #expect(ReleaseID(text) == nil)
    }

    @Test func releasesSortByNameAndThenVersion() {
        let texts = ["a 2.0", "b 1.0", "a 10.0", "a 2.0-rc"]
        #expect(
            texts.compactMap { ReleaseID($0) }.sorted().map(\.description)
                == ["a 2.0-rc", "a 2.0", "a 10.0", "b 1.0"])
    }
}

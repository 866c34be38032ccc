import JSON
import Testing

@testable import slipway_agent

/// What a person at the device reads of a status.
@Suite struct StatusTextTests {
    private func lines(_ more: [(String, JSONValue)]) throws -> [String] {
        let members: [(String, JSONValue)] = [
            ("device", "gw-1"), ("hardware", "gw-2"), ("slot", "a"), ("boot_id", "boot-1"),
            ("confirmed", true), ("phase", "installed"), ("enrolled", true),
        ]
        return try StatusText.lines(JSONFields(.object(JSONObject(members + more))))
    }

    static let facts: [(member: String, value: JSONValue, line: String)] = [
        ("waits_for", "it flies", "waits for  it flies"),
        ("failure", "health: it smokes", "failure    health: it smokes"),
        ("deferred_until", "2026-11-26T20:00:00Z", "deferred   until 2026-11-26T20:00:00Z"),
        ("key", "aa", "key        aa"),
        ("refused", "the server refuses this device", "refused    the server refuses this device"),
        ("running", true, "agent      running"),
    ]

    @Test(arguments: facts)
    func tellsWhatIsSo(member: String, value: JSONValue, line: String) throws {
        #expect(try lines([(member, value)]).contains(line))
        #expect(try !lines([]).contains(line))
    }

    @Test func tellsHowFarADownloadIs() throws {
        let lines = try lines([("durable_bytes", 10), ("total_bytes", 40)])
        #expect(lines.contains("phase      installed, 10 of 40 bytes"))
    }

    @Test func refusesWhatIsNoStatus() throws {
        #expect(throws: JSONShapeError.self) { try StatusText.lines(JSONFields([:])) }
    }
}

import Agent
import Slots
import Testing

@Suite struct SpaceHealthCheckTests {
    private func verdict(_ path: String, _ minimumBytes: Int64) throws -> HealthVerdict {
        SpaceHealthCheck(path: path, minimumBytes: minimumBytes)
            .run(in: try slot("b"), within: .seconds(1))
    }

    @Test func isHealthyWhenThereIsRoom() throws { #expect(try verdict("/", 0) == .healthy) }

    @Test func tellsHowMuchIsMissing() throws {
        guard case .unhealthy(let reason) = try verdict("/", .max) else {
            Issue.record("no disk is that large")
            return
        }
        #expect(
            reason.wholeMatch(of: /\/ has \d+ bytes left, and 9223372036854775807 are needed/)
                != nil)
    }

    @Test func aSmallDiskIsCountedExactly() throws {
        try SmallDisk.use { path in
            let exact = try verdict(path, 65_536)
            #expect(exact == .healthy)
            let less = try verdict(path, 65_537)
            #expect(
                less == .unhealthy("\(path) has 65536 bytes left, and 65537 are needed"))
        }
    }

    @Test func aPathThatIsNotThereIsUnhealthy() throws {
        #expect(try verdict("/nowhere", 1) == .unhealthy("/nowhere does not exist"))
    }
}

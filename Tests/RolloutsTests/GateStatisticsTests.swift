import Model
import Rollouts
import Testing

/// What the gate promises of its errors, at the size that a debug build plays in a moment.
@Suite struct GateStatisticsTests {
    static let runs = 1000

    static func statistics(limit: String) throws -> GateStatistics {
        GateStatistics(gate: try GateTests.gate { $0.maxFailureRate = limit }, runs: runs)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let limit: String
        let failureRate: Double
        let reports: Int
        /// How many of 1,000 runs end, with a margin of three standard deviations.
        let ended: ClosedRange<Int>

        var testDescription: String { "\(limit), truly \(failureRate), within \(reports)" }
    }

    static let stops: [Row] = [
        Row(limit: "1%", failureRate: 0.01, reports: 1000, ended: 1...70),
        Row(limit: "2%", failureRate: 0.02, reports: 1000, ended: 1...70),
        Row(limit: "5%", failureRate: 0.05, reports: 1000, ended: 1...70),
        Row(limit: "5%", failureRate: 0.1, reports: 1000, ended: 981...1000),
        Row(limit: "2%", failureRate: 0.04, reports: 2000, ended: 967...1000),
        Row(limit: "1%", failureRate: 1, reports: 3, ended: 1000...1000),
        Row(limit: "2%", failureRate: 1, reports: 3, ended: 1000...1000),
        Row(limit: "5%", failureRate: 1, reports: 3, ended: 1000...1000),
    ]

    @Test(arguments: stops)
    func stopsAsOftenAsItShould(row: Row) throws {
        var random = SplitMix64(seed: 1)
        let stops = try Self.statistics(limit: row.limit).stops(
            failureRate: row.failureRate, within: row.reports, using: &random)
        #expect(row.ended.contains(stops.count { $0 != nil }))
    }

    static let proofs: [Row] = [
        Row(limit: "2%", failureRate: 0.02, reports: 1000, ended: 1...70),
        Row(limit: "5%", failureRate: 0.05, reports: 1000, ended: 1...70),
        Row(limit: "5%", failureRate: 0.01, reports: 1000, ended: 990...1000),
    ]

    @Test(arguments: proofs)
    func provesAsOftenAsItShould(row: Row) throws {
        var random = SplitMix64(seed: 1)
        let proofs = try Self.statistics(limit: row.limit).proofs(
            failureRate: row.failureRate, within: row.reports, using: &random)
        #expect(row.ended.contains(proofs.count { $0 != nil }))
    }
}

import Model
import Rollouts
import Testing

@Suite struct SimulationReportTests {
    private static func report(_ rate: Double, faults: [Double] = []) throws -> SimulationReport {
        let effort = try #require(
            SimulationReport.Effort(runs: 20, faultRates: faults, runsPerFault: 20))
        return SimulationReport(
            of: try Simulated.simulation(), Simulated.behaviour(failureRate: rate), effort: effort,
            seed: 7)
    }

    @Test func tellsGoodFromBad() throws {
        let good = try Self.report(0)
        #expect(good.finishes.count == 20 && good.stopShare == 0 && good.meanHarmed == 0)
        let bad = try Self.report(1)
        #expect(bad.finishes.isEmpty && bad.stopShare == 1)
        #expect(bad.waves[0].stoppedCount == 20)
        #expect(bad.harmed == bad.harmed.sorted())
        #expect(bad.meanHarmed >= 2)
    }

    @Test func tellsFalseStopsFromMissedFaults() throws {
        let faults = try Self.report(0, faults: [0.001, 0.02, 0.5]).faults
        #expect(faults.map(\.isAcceptable) == [true, true, false])
        #expect(faults.map { $0.falseStops == nil } == [false, false, true])
        #expect(faults.map(\.missedFaults) == [nil, nil, 0])
        #expect(try #require(faults[0].falseStops) <= 0.05)
        #expect(faults[2].stoppedInWave == [20, 0, 0])
    }

    @Test func isTheSameForTheSameSeed() throws {
        #expect(try Self.report(0.03) == Self.report(0.03))
    }

    @Test func writesEachFigureOnce() throws {
        let table = try Self.report(1, faults: [0.02]).table
        #expect(table.contains("rollout gateway-2.4.1: 600 devices, 20 runs"))
        #expect(table.contains("stopped    20 (100%)"))
        #expect(table.contains("finish     never"))
        #expect(table.contains("canary          20"))
        #expect(table.contains("FALSE STOP"))
    }

    @Test(arguments: [0, 0.03, 1])
    func drawsWhatAReaderCanSeeOrHear(rate: Double) throws {
        let report = try Self.report(rate)
        let svg = report.svg
        #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
        #expect(svg.contains("role=\"img\"") && svg.contains("<title id=\"title\">"))
        #expect(svg.contains(report.summary))
        #expect(svg.contains("hours after the start") && svg.contains(">devices<"))
        let opened = svg.split(separator: "<").count { $0.hasPrefix("text ") }
        #expect(opened == svg.split(separator: "<").count { $0.hasPrefix("/text>") })
        // The bars of the second chart stand for all runs.
        let bars = svg.split(separator: "<title>").dropFirst().compactMap {
            $0.split(separator: " ").first.flatMap { Int($0) }
        }
        #expect(bars.reduce(0, +) == report.finishes.count + 20)
    }

    @Test func takesTheSmallestValueThatEnoughDoNotExceed() {
        #expect(Quantile.of([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9) == 9)
        #expect(Quantile.of([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.5) == 5)
        #expect(Quantile.of([7], 0.1) == 7)
        #expect(Quantile.of([Int](), 0.5) == nil)
    }
}

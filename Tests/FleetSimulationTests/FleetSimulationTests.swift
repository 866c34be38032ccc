import Simulation
import Testing

/// The promises, over whole worlds.
@Suite struct FleetSimulationTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func aWorldKeepsItsPromises(seed: UInt64) throws {
        let report = try World(seed: seed).play()
        #expect(report.broken == nil, "\(report.text)")
    }
}

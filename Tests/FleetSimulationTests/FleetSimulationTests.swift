import Foundation
import Simulation
import TestSupport
import Testing

/// Promises P1 to P6 over whole worlds: real agents, verifiers, orchestrators, gates and SQL, and
/// everything around them made up.
///
/// The seed is the bug report: `slipway-sim SEED --verbose` plays the same world again, line by line.
/// More of them with `make simulate SEEDS=10000`.
@Suite struct FleetSimulationTests {
    static let seeds: Range<UInt64> = 0..<200

    @Test(arguments: seeds)
    func aWorldKeepsItsPromises(seed: UInt64) throws {
        let report = try World(seed: seed).play()
        #expect(report.broken == nil, "\(report.text)")
    }

    /// Worlds that broke a promise once, as they are written in `seeds.txt`.
    static let remembered: [World] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "seeds.txt")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            let words = line.split(separator: " ")
            guard let seed = words.first.flatMap({ UInt64($0) }) else { return nil }
            guard words.count > 1, words[1] != "-" else { return World(seed: seed) }
            let faults = words[1].split(separator: ",").compactMap { Fault(rawValue: String($0)) }
            return World(seed: seed, faults: Set(faults))
        }
    }()

    @Test(arguments: remembered)
    func aWorldThatBrokeAPromiseKeepsItNow(world: World) throws {
        let report = try world.play()
        #expect(report.broken == nil, "\(report.text)")
    }

    /// Most worlds come to something: a simulation in which nobody is updated would prove nothing.
    @Test func worldsWithoutFaultsBringEverybodyTheRelease() throws {
        let report = try World(seed: 2, deviceCount: 6, days: 0.5, faults: []).play()
        #expect(report.broken == nil, "\(report.text)")
        #expect(report.provenCount >= 6)
        #expect(report.provenCount == report.offerCount)
    }

    @Test(arguments: [3, 8] as [UInt64])
    func theSameSeedIsTheSameRunInAnyProcess(seed: UInt64) throws {
        let first = try trace(of: seed)
        #expect(first == (try trace(of: seed)))
        #expect(first.split(separator: "\n").count > 100)
    }

    private func trace(of seed: UInt64) throws -> String {
        let process = ChildProcess()
        process.executableURL = Self.products.appending(path: "slipway-sim")
        process.arguments = ["\(seed)", "--verbose"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self)
    }

    /// Where the build puts programs: beside the tests.
    private static let products: URL = {
        let arguments = CommandLine.arguments
        let bundle = arguments.firstIndex(of: "--test-bundle-path").map { arguments[$0 + 1] }
        return URL(filePath: bundle ?? arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
    }()
}

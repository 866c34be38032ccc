import ArgumentParser
import Simulation

/// One simulated world from a seed, as a person can read it.
@main struct SlipwaySim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slipway-sim",
        abstract: "Plays a fleet, its servers, people and enemies from a seed.",
        discussion: """
            Agent, verifier, orchestrator and gates are the real ones; clock, network, disks, power \
            and luck are made up. The same seed gives the same run, line by line. A run that breaks \
            a promise ends with 1, and tells which faults it takes.
            """)

    @Argument(help: "The seed of the first world.") var seed: UInt64
    @Option(help: "How many worlds to play, one seed after the other.") var count: UInt64 = 1
    @Option(help: "How many devices there are (from the seed).") var devices: Int?
    @Option(help: "For how many days things go wrong (from the seed).") var days: Double?
    @Option(help: "Which faults there are, such as loss,cuts; none for none (from the seed).")
    var faults: String?
    @Flag(help: "Print everything that happens.") var verbose = false
    @Flag(help: "Do not look for the fewest faults that break a promise.") var quick = false

    mutating func validate() throws {
        guard devices.map({ (1...500).contains($0) }) ?? true else {
            throw ValidationError("a world has 1 to 500 devices")
        }
        guard days.map({ $0 > 0 && $0 <= 60 }) ?? true else {
            throw ValidationError("things go wrong for at most 60 days")
        }
        _ = try chosenFaults()
    }

    private func chosenFaults() throws -> Set<Fault>? {
        guard let faults else { return nil }
        if faults == "none" { return [] }
        return Set(
            try faults.split(separator: ",").map { word in
                guard let fault = Fault(rawValue: String(word)) else {
                    let known = Fault.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("there is no fault \(word); there are \(known)")
                }
                return fault
            })
    }

    func run() throws {
        var failures = 0
        for seed in seed..<seed + count {
            let world = World(
                seed: seed, deviceCount: devices, days: days, faults: try chosenFaults())
            let report = try world.play(
                isMinimised: !quick, onLine: verbose ? { print($0) } : nil)
            if report.broken != nil { failures += 1 }
            print(report.text)
        }
        if failures > 0 { throw ExitCode(1) }
    }
}

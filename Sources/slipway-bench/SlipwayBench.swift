internal import ArgumentParser
import Foundation
internal import JSON

/// Measures what people size machines by; each benchmark prints one JSON object.
@main struct SlipwayBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slipway-bench",
        abstract: "Measure Slipway; figures count in a release build only.",
        subcommands: [
            RefreshBench.self, PublishBench.self, GateBench.self, PlanBench.self,
            SelectBench.self, SimulateBench.self, InstallBench.self, CheckInBench.self,
            ServeImagesBench.self, RolloutBench.self, BareRoute.self,
        ])
}

/// What every benchmark takes.
struct BenchOptions: ParsableArguments {
    @Flag(help: "Print JSON; there is no other form yet.") var json = false
}

/// The figures of one run; each name ends in its unit.
struct Figures {
    private var members: [(String, JSONValue)]

    init(_ name: String) { members = [("benchmark", .string(name))] }

    /// Figures that stand under a name of their own.
    init() { members = [] }

    mutating func set(_ name: String, to figures: Figures) {
        members.append((name, .object(JSONObject(figures.members))))
    }

    mutating func set(_ name: String, to number: Int) {
        members.append((name, .integer(Int64(number))))
    }

    /// JSON here has whole numbers only, so that fractions are written as text.
    mutating func set(_ name: String, to number: Double) {
        members.append((name, .string(String(format: "%.3f", number))))
    }

    func tell() {
        let text = JSONValue.object(JSONObject(members)).prettyText
            .replacing(/"(?<number>\d+\.\d{3})"/) { String($0.number) }
        FileHandle.standardOutput.write(Data("\(text)\n".utf8))
    }
}

/// The time that this process's threads spent on a processor.
enum ProcessorTime {
    static var seconds: Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

    static func seconds(of body: () throws -> Void) rethrows -> Double {
        let start = seconds
        try body()
        return seconds - start
    }
}

/// The time that passed on the wall.
enum WallTime {
    static func seconds(of body: () throws -> Void) rethrows -> Double {
        seconds(try ContinuousClock().measure(body))
    }

    static func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
}

enum BenchProblem: Error, CustomStringConvertible {
    case failed(String)

    var description: String {
        switch self {
        case .failed(let what): what
        }
    }
}

/// Runs another program to its end.
enum Program {
    /// - Returns: What it printed, the time it took, and its largest resident memory.
    static func run(
        _ path: String, _ arguments: [String]
    ) throws -> (output: String, seconds: Double, peakMiB: Double) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.standardOutput = pipe
        var peak = 0.0
        let seconds = try WallTime.seconds {
            try process.run()
            while process.isRunning {
                peak = max(peak, ProcessTree.peakResidentMiB(of: process.processIdentifier))
                usleep(2000)
            }
        }
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        guard process.terminationStatus == 0 else {
            throw BenchProblem.failed("\(path) ended with \(process.terminationStatus)")
        }
        return (String(decoding: output, as: UTF8.self), seconds, peak)
    }

    /// The most that this process ever held, as the kernel counts.
    static var ownPeakMiB: Double { ProcessTree.peakResidentMiB(of: getpid()) }
}

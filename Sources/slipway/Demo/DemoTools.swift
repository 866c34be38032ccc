import Foundation
internal import JSON

/// The real programs, run as their users run them.
struct DemoTools {
    let slipway: URL
    let server: URL
    let agent: URL

    /// Finds the other programs beside the one that runs.
    init() throws(DemoError) {
        guard let own = Bundle.main.executableURL?.resolvingSymlinksInPath() else {
            throw .missing("the path of this program")
        }
        let folder = own.deletingLastPathComponent()
        slipway = own
        server = folder.appending(path: "slipway-server")
        agent = folder.appending(path: "slipway-agent")
        for program in [server, agent]
        where !FileManager.default.isExecutableFile(atPath: program.path) {
            throw .missing(program.path)
        }
    }

    /// What a program that ended left behind.
    struct End {
        let code: Int32
        let output: String
        let errors: String
    }

    /// Runs a program to its end.
    func run(
        _ program: URL, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> End {
        let process = Process()
        let output = Pipe()
        let errors = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        let complained = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return End(
            code: process.terminationStatus, output: String(decoding: said, as: UTF8.self),
            errors: String(decoding: complained, as: UTF8.self))
    }

    /// Starts a program that goes on, with its words in the file `log`.
    func start(_ program: URL, _ arguments: [String], log: URL) throws -> Process {
        if !FileManager.default.fileExists(atPath: log.path) {
            try Data().write(to: log)
        }
        let file = try FileHandle(forWritingTo: log)
        try file.seekToEnd()
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        try process.run()
        return process
    }
}

/// Why the demonstration could not go on.
enum DemoError: Error, CustomStringConvertible {
    case missing(String)
    case failed(command: String, words: String)
    case notObserved(String, within: Duration)

    var description: String {
        switch self {
        case .missing(let what): "\(what) is missing; build the whole package first"
        case .failed(let command, let words): "`\(command)` failed: \(words)"
        case .notObserved(let what, let duration):
            "not observed within \(duration.components.seconds) s: \(what)"
        }
    }
}

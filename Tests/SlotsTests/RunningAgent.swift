import Foundation
import TestSupport
import Testing

/// A real agent at work in a folder, whose server is not there; killed with its last reference.
final class RunningAgent {
    let folder: TemporaryFolder
    private(set) var process = ChildProcess()
    private var error = Pipe()
    private var said = Data()
    private var isStarted = false

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("confirmed=a\n", to: "environment")
        try folder.write("slot=a\nboot_id=boot-1\n", to: "booted")
        try folder.write("token\n", to: "token")
        try folder.write("{}", to: "root.json")
    }

    deinit {
        if isStarted { end(by: SIGKILL) }
    }

    var configuration: String { "\(folder.path)/device.json" }

    /// Starts it, again if need be.
    func start(environment: [String: String] = [:]) throws {
        process = ChildProcess()
        error = Pipe()
        said = Data()
        let path = folder.path
        let standard: [String: Any] = [
            "server": "http://127.0.0.1:1", "device": "gw-0001", "hardware": "gw-2",
            "enrolment_token_file": "\(path)/token", "state": "\(path)/state",
            "root": "\(path)/root.json", "slots": ["a": "\(path)/a.img", "b": "\(path)/b.img"],
            "boot": path, "maximum_pause_seconds": 604_800,
        ]
        try JSONSerialization.data(withJSONObject: standard)
            .write(to: URL(filePath: configuration))
        process.executableURL = URL(filePath: try AgentProgramTests.program)
        process.arguments = ["run", "--config", configuration]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardError = error
        process.standardInput = FileHandle.nullDevice
        try process.run()
        isStarted = true
    }

    func end(by signal: Int32) {
        if process.isRunning { kill(process.processIdentifier, signal) }
        process.waitUntilExit()
    }

    /// Reads what it says until `words` are in it.
    func wait(for words: String) throws {
        while !String(decoding: said, as: UTF8.self).contains(words) {
            let more = error.fileHandleForReading.availableData
            guard !more.isEmpty else {
                Issue.record("it ended and said \(String(decoding: said, as: UTF8.self))")
                throw CocoaError(.fileReadUnknown)
            }
            said += more
        }
    }

    func ask(_ words: String...) throws -> (status: Int32, output: String, error: String) {
        try run([AgentProgramTests.program] + words + ["--config", configuration])
    }
}

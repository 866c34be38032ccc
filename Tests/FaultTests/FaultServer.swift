import Foundation
import Synchronization
import TestSupport

/// A real `slipway-server` that tests kill, and start again on what it has left.
final class FaultServer: Sendable {
    /// Why there is no server, or a program failed.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private let arguments: [String]
    /// Where its log goes.
    private let log: URL
    private let running = Mutex<ChildProcess?>(nil)

    /// - Parameter arguments: Without the port, which is another one after each start.
    init(_ arguments: [String], log: URL) {
        self.arguments = arguments
        self.log = log
    }

    deinit { kill() }

    /// Starts it, and returns its address once it listens.
    func start() throws -> String {
        let process = ChildProcess()
        process.executableURL = Programs.folder.appending(path: "slipway-server")
        process.arguments = arguments + ["--port", "0"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = try Self.appending(to: log)
        try process.run()
        let reader = output.fileHandleForReading
        running.withLock { $0 = process }
        var said = ""
        // Its own word that it listens is what is waited for.
        while true {
            let data = reader.availableData
            guard !data.isEmpty else { throw Problem(description: "no start: \(said)\(tail)") }
            said += String(decoding: data, as: UTF8.self)
            if let found = said.firstMatch(of: /listens on (\S+)\n/) { return String(found.1) }
        }
    }

    /// Ends the process as a power cut would.
    func kill() { end(by: SIGKILL) }

    /// Asks the process to stop, and waits for it.
    func stop() { end(by: SIGTERM) }

    private func end(by signal: Int32) {
        running.withLock { process in
            guard let ending = process else { return }
            Foundation.kill(ending.processIdentifier, signal)
            ending.waitUntilExit()
            process = nil
        }
    }

    var isRunning: Bool { running.withLock { $0?.isRunning ?? false } }

    /// The end of its log.
    var tail: String {
        String(((try? String(contentsOf: log, encoding: .utf8)) ?? "").suffix(2000))
    }

    private static func appending(to file: URL) throws -> FileHandle {
        if !FileManager.default.fileExists(atPath: file.path) { try Data().write(to: file) }
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        return handle
    }
}

/// Our programs, and others', as they are run to their ends.
enum Programs {
    /// Where this test's own bundle is, and what was built with it.
    static let folder: URL = {
        let arguments = CommandLine.arguments
        let bundle = arguments.firstIndex(of: "--test-bundle-path").map { arguments[$0 + 1] }
        return URL(filePath: bundle ?? arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
    }()

    /// Runs one of ours.
    static func run(
        _ name: String, _ arguments: [String]
    ) throws -> (code: Int32, words: String) {
        try run([folder.appending(path: name).path] + arguments)
    }

    static func run(_ words: [String]) throws -> (code: Int32, words: String) {
        let process = ChildProcess()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let said = String(
            decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, said)
    }

    /// Runs one that has to succeed; what it said.
    @discardableResult static func succeed(_ words: [String]) throws -> String {
        let end = try run(words)
        guard end.code == 0 else {
            throw FaultServer.Problem(description: "\(words.joined(separator: " ")): \(end.words)")
        }
        return end.words
    }
}

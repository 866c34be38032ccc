import Foundation
import TestSupport

/// Programs of the package and of the system.
enum Tools {
    static let products: URL = {
        let arguments = CommandLine.arguments
        let bundle = arguments.firstIndex(of: "--test-bundle-path").map { arguments[$0 + 1] }
        return URL(filePath: bundle ?? arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
    }()

    static let packageRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let imageScripts = packageRoot.appending(path: "Tests/MachineTests/Image")

    /// The release agent, as `make agent` leaves it.
    static let agent = packageRoot.appending(path: ".build/slipway-agent")

    /// What is kept between two runs.
    static let cache = packageRoot.appending(path: ".build/machine")

    /// Runs a program to its end and returns what it printed.
    ///
    /// - Throws: ``MachineError`` when it does not exit with 0.
    @discardableResult
    static func run(
        _ program: URL, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> String {
        let process = ChildProcess()
        let output = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let words = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw MachineError(
                "\(program.lastPathComponent) \(arguments.joined(separator: " ")): \(words)")
        }
        return words
    }

    static func system(_ name: String, _ arguments: String...) throws -> String {
        try run(URL(filePath: "/usr/bin/env"), [name] + arguments)
    }
}

/// A folder for one test, removed with it.
final class Workshop {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "slipway-machine-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func file(_ name: String) -> URL { folder.appending(path: name) }
}

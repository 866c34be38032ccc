import Foundation
import TestSupport
import Testing

/// The real `slipway`, in a folder of its own.
final class Slipway {
    let folder: URL
    var environment: [String: String] = [:]

    static let products: URL = {
        let arguments = CommandLine.arguments
        let bundle = arguments.firstIndex(of: "--test-bundle-path").map { arguments[$0 + 1] }
        return URL(filePath: bundle ?? arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
    }()

    static let packageRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    struct End {
        let code: Int32
        let output: String
        let errors: String
    }

    func run(_ arguments: [String], in directory: URL? = nil) throws -> End {
        try run(Self.products.appending(path: "slipway"), arguments, in: directory)
    }

    func run(_ program: URL, _ arguments: [String], in directory: URL? = nil) throws -> End {
        let process = ChildProcess()
        let output = Pipe()
        let errors = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = directory ?? folder
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

    @discardableResult
    func succeed(_ arguments: String...) throws -> String {
        let end = try run(arguments)
        try #require(end.code == 0, "\(arguments): \(end.errors)")
        return end.output
    }

    /// Puts `text` into the file `name` and returns its path.
    func file(_ name: String, _ text: String) throws -> String {
        let file = folder.appending(path: name)
        try Data(text.utf8).write(to: file)
        return file.path
    }

    func publish(_ image: String, version: String = "2.0.0", more: [String] = []) throws -> End {
        try run(
            [
                "release", "publish", image, "--name", "acme", "--version", version, "--hardware",
                "gw-2", "--keys", "acme/keys", "--repo", "acme",
            ] + more)
    }
}

import Foundation
import TestSupport
import Testing

/// The real `slipway-tuf`, which may take neither endless time nor endless memory.
final class ClientProcess {
    private let process = ChildProcess()
    private let answers = Pipe()
    private let notes = Pipe()
    private let guardian: DispatchWorkItem
    private let hasEnded = DispatchSemaphore(value: 0)

    /// Far more than any test needs, and little enough for a small device.
    static let memoryBytes = 256 << 20
    /// A client that takes longer than this hangs.
    static let patienceSeconds = 15

    static let products: URL = {
        let arguments = CommandLine.arguments
        let bundle = arguments.firstIndex(of: "--test-bundle-path").map { arguments[$0 + 1] }
        return URL(filePath: bundle ?? arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
    }()

    static var path: String { products.appending(path: "slipway-tuf").path }

    /// - Parameter wrapper: A program and its options that run the client in their turn.
    init(_ arguments: [String], wrapper: [String] = []) throws {
        setenv("no_proxy", "*", 1)
        let process = process
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            wrapper + ["prlimit", "--as=\(Self.memoryBytes)", "--core=0", Self.path] + arguments
        process.standardOutput = answers
        process.standardError = notes
        process.terminationHandler = { [hasEnded] _ in hasEnded.signal() }
        try process.run()
        let pid = process.processIdentifier
        guardian = DispatchWorkItem { if process.isRunning { Foundation.kill(pid, SIGKILL) } }
        DispatchQueue.global().asyncAfter(
            deadline: .now() + .seconds(Self.patienceSeconds), execute: guardian)
    }

    /// Ends the client as a power cut would.
    func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

    func end() -> Ending {
        let notes = notes.fileHandleForReading.readDataToEndOfFile()
        let answers = answers.fileHandleForReading.readDataToEndOfFile()
        // Foundation's own way to wait looks only now and then.
        hasEnded.wait()
        guardian.cancel()
        let isExit = process.terminationReason == .exit
        return Ending(
            code: isExit ? process.terminationStatus : nil,
            notes: String(decoding: notes, as: UTF8.self),
            answers: String(decoding: answers, as: UTF8.self))
    }

    struct Ending {
        /// `nil` when a signal ended the client: a trap, our patience, or a test.
        let code: Int32?
        let notes: String
        let answers: String
    }
}

extension Home {
    func initialize(root: String) throws -> ClientProcess.Ending {
        try ClientProcess(["--metadata-dir", metadata.path, "init", root]).end()
    }

    func refresh(from url: String) throws -> ClientProcess.Ending {
        try ClientProcess([
            "--metadata-dir", metadata.path, "--metadata-url", "\(url)/metadata", "refresh",
        ]).end()
    }

    func arguments(
        toDownload names: [String], from url: String, _ options: [String] = []
    ) -> [String] {
        options + [
            "--metadata-dir", metadata.path, "--metadata-url", "\(url)/metadata", "--target-dir",
            targets.path, "--target-base-url", "\(url)/targets",
        ] + names.flatMap { ["--target-name", $0] } + ["download"]
    }

    func download(
        _ names: String..., from url: String, _ options: [String] = []
    ) throws -> ClientProcess.Ending {
        try ClientProcess(arguments(toDownload: names, from: url, options)).end()
    }
}

extension ClientProcess.Ending {
    /// Expects exit code 1 and one line that holds each of `words`, and nothing that would move a
    /// cursor.
    func expectRefusal(
        _ words: [String] = [], _ comment: Comment? = nil,
        at location: SourceLocation = #_sourceLocation
    ) {
        let comment = comment ?? "\(notes.debugDescription)"
        #expect(code == 1, comment, sourceLocation: location)
        #expect(answers == "", comment, sourceLocation: location)
        let isOneLine = notes.hasPrefix("slipway-tuf: ") && notes.hasSuffix("\n")
        #expect(isOneLine, comment, sourceLocation: location)
        let unprintable: Set<Unicode.GeneralCategory> = [
            .control, .format, .lineSeparator, .paragraphSeparator,
        ]
        let isPrintable = !notes.dropLast().unicodeScalars.contains {
            unprintable.contains($0.properties.generalCategory)
        }
        #expect(isPrintable, comment, sourceLocation: location)
        for word in words {
            #expect(notes.contains(word), comment, sourceLocation: location)
        }
    }

    func expectSuccess(at location: SourceLocation = #_sourceLocation) {
        #expect(code == 0, "\(notes)", sourceLocation: location)
        #expect(notes == "", sourceLocation: location)
    }
}

internal import ArgumentParser
import Foundation
internal import Signers
internal import Synchronization

/// Where passphrases and PINs come from, when a key needs one.
struct PassphraseOptions: ParsableArguments {
    @Option(help: "Passphrases and PINs: the first line of this file.") var passphraseFile: String?
    @Option(help: "Passphrases and PINs: the first line that this open file descriptor gives.")
    var passphraseFd: Int32?
    @Option(help: "Passphrases and PINs: the first line that this shell command prints.")
    var passphraseCommand: String?

    func validate() throws {
        let count = [
            passphraseFile != nil, passphraseFd != nil, passphraseCommand != nil,
        ].count { $0 }
        guard count <= 1 else {
            throw ValidationError("name one place that passphrases come from")
        }
    }

    /// The place that was named; a person, where none was.
    var source: PassphraseSource {
        if let passphraseFile { return .file(passphraseFile) }
        if let passphraseFd { return .descriptor(passphraseFd) }
        if let passphraseCommand { return .command(passphraseCommand) }
        return .person
    }
}

/// Where passphrases and PINs come from.
enum PassphraseSource: Equatable {
    /// The first line of the file.
    case file(String)
    /// The first line that an open file descriptor gives.
    case descriptor(Int32)
    /// The first line that a shell command prints.
    case command(String)
    /// Whoever sits at the terminal.
    case person
    /// Nobody: for keys that programs use unattended.
    case nobody

    /// The secret for `what`; `nil` when nobody can be asked.
    func secret(for what: String) throws(SlipwayError) -> [UInt8]? {
        switch self {
        case .file(let path):
            // Opened and read, not looked up: it may be a pipe that a shell made.
            guard let handle = FileHandle(forReadingAtPath: path) else {
                throw .missing(path: path)
            }
            defer { try? handle.close() }
            return Self.firstLine(((try? handle.read(upToCount: 65_536)) ?? nil) ?? Data())
        case .descriptor(let descriptor):
            guard let secret = SharedDescriptor.firstLine(of: descriptor) else {
                throw .badInput(
                    path: "--passphrase-fd", problem: "nothing can be read from \(descriptor)")
            }
            return secret
        case .command(let command): return try Self.output(of: command)
        case .person:
            return Terminal.readSecret(prompt: "Passphrase or PIN for \(what.visible): ")
        case .nobody: return nil
        }
    }

    /// A new secret, which a person has to type twice.
    func newSecret(for what: String) throws(SlipwayError) -> [UInt8] {
        guard let secret = try secret(for: what), !secret.isEmpty else {
            throw .badInput(path: what, problem: "a passphrase must not be empty")
        }
        if self == .person {
            guard Terminal.readSecret(prompt: "The same once more: ") == secret else {
                throw .badInput(path: what, problem: "the two passphrases differ")
            }
        }
        return secret
    }

    private static func output(of command: String) throws(SlipwayError) -> [UInt8] {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", command]
        process.standardOutput = pipe
        do { try process.run() } catch {
            throw .badInput(path: "--passphrase-command", problem: error.localizedDescription)
        }
        let data = (try? pipe.fileHandleForReading.read(upToCount: 65_536)) ?? Data()
        try? pipe.fileHandleForReading.close()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw .badInput(
                path: "--passphrase-command",
                problem: "it ended with status \(process.terminationStatus)")
        }
        return firstLine(data)
    }

    static func firstLine(_ data: Data) -> [UInt8] {
        Array(data.prefix { $0 != UInt8(ascii: "\n") })
    }
}

/// A pipe can be read once, but several keys may need what it says.
private enum SharedDescriptor {
    private static let lines = Mutex<[Int32: [UInt8]]>([:])

    static func firstLine(of descriptor: Int32) -> [UInt8]? {
        lines.withLock { lines in
            if let line = lines[descriptor] { return line }
            let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
            guard let data = try? handle.read(upToCount: 65_536) else { return nil }
            lines[descriptor] = PassphraseSource.firstLine(data)
            return lines[descriptor]
        }
    }
}

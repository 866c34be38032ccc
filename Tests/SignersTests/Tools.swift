import Foundation
import Model
import OpenSSL
import TestSupport
import Testing
import Trust

/// What a program of the system wrote, once it has ended well.
@discardableResult
func run(_ program: String, _ arguments: [String], input: [UInt8] = []) throws -> [UInt8] {
    let process = ChildProcess()
    process.executableURL = URL(filePath: "/usr/bin/\(program)")
    process.arguments = arguments
    let (standardInput, standardOutput) = (Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = standardOutput
    process.standardError = FileHandle.nullDevice
    try process.run()
    try standardInput.fileHandleForWriting.write(contentsOf: Data(input))
    try standardInput.fileHandleForWriting.close()
    let output = try standardOutput.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(program) \(arguments)")
    return Array(output)
}

/// A folder with a short path that is gone when nobody holds it any longer.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = "/tmp/slipway-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws -> String {
        let file = "\(path)/\(name)"
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        return file
    }
}

/// Whether OpenSSL finds that `signature` is right.
func isValid(_ signature: [UInt8], by key: PublicKey, over message: [UInt8]) -> Bool {
    OpenSSLSignatureChecker().isValid(signature, by: key, over: message)
}

let message = Array("roll out the barrel".utf8)

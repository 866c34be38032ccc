internal import Foundation

/// What the program makes of `bytes` on its standard input.
///
/// - Throws: Where it does not start, or ends with another code than 0.
public func filtered(_ bytes: [UInt8], by words: String...) throws -> [UInt8] {
    try filtered(bytes, by: words)
}

/// What the program makes of `bytes` on its standard input.
///
/// - Throws: Where it does not start, or ends with another code than 0.
public func filtered(_ bytes: [UInt8], by words: [String]) throws -> [UInt8] {
    let path = FileManager.default.temporaryDirectory.appending(path: "slipway-\(UUID())")
    try Data(bytes).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    let process = ChildProcess()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    process.standardInput = try FileHandle(forReadingFrom: path)
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let result = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw FilterFailed(words: words, status: process.terminationStatus)
    }
    return Array(result)
}

/// A program that did not do what a test needs of it.
struct FilterFailed: Error {
    let words: [String]
    let status: Int32
}

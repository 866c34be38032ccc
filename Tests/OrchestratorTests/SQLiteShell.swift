import Foundation
import TestSupport

/// Debian's `sqlite3`, another program on the same database, which only reads.
final class SQLiteShell {
    private let process = ChildProcess()
    private let input = Pipe()
    private let output = Pipe()
    private static let end = "~~ end of the answer ~~"

    init(_ path: String) throws {
        process.executableURL = URL(filePath: "/usr/bin/sqlite3")
        process.arguments = ["-readonly", "-json", "-init", "/dev/null", path]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    struct NoAnswer: Error {
        let query: String
        let answer: String
    }

    /// - Parameter query: One statement or dot command.
    func text(_ query: String) throws -> String {
        try input.fileHandleForWriting.write(
            contentsOf: Data("\(query)\n.print \(Self.end)\n".utf8))
        var answer: [UInt8] = []
        let end = Array("\(Self.end)\n".utf8)
        while !answer.suffix(end.count).elementsEqual(end) {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else {
                throw NoAnswer(query: query, answer: String(decoding: answer, as: UTF8.self))
            }
            answer += more
        }
        return String(decoding: answer.dropLast(end.count), as: UTF8.self)
    }

    func rows<Row: Decodable>(_ query: String, as: Row.Type = Row.self) throws -> [Row] {
        let text = try text("\(query);")
        guard !text.isEmpty else { return [] }
        do { return try JSONDecoder().decode([Row].self, from: Data(text.utf8)) } catch {
            throw NoAnswer(query: query, answer: "\(error): \(text)")
        }
    }

    /// The one number that the query gives; 0 for none.
    func number(_ query: String) throws -> Int {
        struct Row: Decodable { let n: Int? }
        return try rows("SELECT (\(query)) AS n", as: Row.self).first?.n ?? 0
    }

    /// Of everything in the database.
    func fingerprint() throws -> String { try text(".sha3sum") }
}

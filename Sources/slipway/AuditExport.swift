internal import ArgumentParser
internal import Audit
import Foundation
internal import Wire

/// The whole log in a file, signed to its end.
struct AuditExport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the whole log to a file, a line for each row.",
        discussion: """
            The server signs the log first, and the file ends with that checkpoint. The file takes \
            its name when it is complete; an older one under that name is replaced.
            """)

    @Argument(help: "The file.") var file: String
    @OptionGroup var server: ServerOptions

    func run() throws {
        let client = try server.client()
        let end = try client.signedAudit().unverified.number
        let rows = try NewTextFile(file).write { line throws(SlipwayError) in
            var last: Int64 = 0
            while last < end {
                let limit = min(Int64(AuditPage.maximumCount), end - last)
                let page: AuditPage = try client.get("audit?after=\(last)&limit=\(limit)")
                guard let newest = page.rows.last, newest.number > last else {
                    throw .refused("the server has no row after \(last), and has signed \(end)")
                }
                for text in page.exportLines { try line(text) }
                last = newest.number
            }
            return last
        }
        say("\(file) has \(rows) rows")
    }
}

/// The newest signature over the log, to be kept where the server's owner cannot reach it.
struct AuditCheckpointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint",
        abstract: "Sign the log as it is, and keep the checkpoint in a file.",
        discussion: """
            Whoever holds a checkpoint finds out by `audit verify --checkpoint` when the log was \
            changed or cut before it, even by somebody who has the server and its keys.
            """)

    @Argument(help: "The file.") var file: String
    @OptionGroup var server: ServerOptions

    func run() throws {
        let checkpoint = try server.client().signedAudit()
        do {
            try Data(checkpoint.bytes + [UInt8(ascii: "\n")]).write(
                to: URL(filePath: file), options: .atomic)
        } catch { throw SlipwayError.cannotCreate(path: file, problem: error.localizedDescription) }
        say("\(file) covers \(checkpoint.unverified.number) rows")
    }
}

extension ManagementClient {
    /// Lets the server sign its log as it is now.
    fileprivate func signedAudit() throws(SlipwayError) -> SignedCheckpoint {
        let bytes = try postForBytes("audit/checkpoint")
        do {
            return try SignedCheckpoint(parsing: bytes, limitBytes: SignedCheckpoint.limitBytes)
        } catch {
            throw .unreachable(server: server, problem: "its answer is not understood: \(error)")
        }
    }
}

/// A file of lines that takes its name only when it is complete.
struct NewTextFile {
    let path: String

    init(_ path: String) { self.path = path }

    private static let bufferBytes = 1_048_576

    /// - Parameter body: Is given what writes a line.
    func write<Answer>(
        _ body: ((([UInt8]) throws(SlipwayError) -> Void)) throws(SlipwayError) -> Answer
    ) throws(SlipwayError) -> Answer {
        let draft = "\(path).new"
        guard FileManager.default.createFile(atPath: draft, contents: nil),
            let handle = FileHandle(forWritingAtPath: draft)
        else { throw .cannotCreate(path: path, problem: "its folder cannot be written") }
        do {
            var buffer: [UInt8] = []
            func flush() throws(SlipwayError) {
                do { try handle.write(contentsOf: buffer) } catch {
                    throw .cannotCreate(path: path, problem: error.localizedDescription)
                }
                buffer.removeAll(keepingCapacity: true)
            }
            let answer = try body { line throws(SlipwayError) in
                buffer += line
                buffer.append(UInt8(ascii: "\n"))
                if buffer.count >= Self.bufferBytes { try flush() }
            }
            try flush()
            try finish(handle, draft)
            return answer
        } catch {
            try? handle.close()
            try? FileManager.default.removeItem(atPath: draft)
            throw error
        }
    }

    private func finish(_ handle: FileHandle, _ draft: String) throws(SlipwayError) {
        do {
            try handle.synchronize()
            try handle.close()
            // An export can be made again, so a moment with neither the old nor the new is no loss.
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.moveItem(atPath: draft, toPath: path)
        } catch { throw .cannotCreate(path: path, problem: error.localizedDescription) }
    }
}

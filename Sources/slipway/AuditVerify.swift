internal import ArgumentParser
internal import Audit
import Foundation
internal import JSON
internal import Model
internal import Trust
internal import Wire

/// Whether an export is the log as it was written.
struct AuditVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check an export of the log; needs no server.",
        discussion: """
            Every row must be the one that was written after the row before, and a checkpoint that \
            is signed by a trusted key must cover the last. Name the key by --key: the trusted \
            root metadata (its offer key signs), or the public key itself. After the key was \
            changed name both.

            A checkpoint that was kept elsewhere (--checkpoint) finds a log that was rewritten or \
            cut by somebody who has the server's key: rows up to it must be there as they were.

            Exit code 0 when the log holds, 1 when it does not.
            """)

    @Argument(help: "The export.") var file: String
    @Option(help: "Root metadata, or a public key in PEM; may be given again.")
    var key: [String] = []
    @Option(help: "A checkpoint that was kept elsewhere; may be given again.")
    var checkpoint: [String] = []
    @Flag(help: "Check only that rows follow each other, which anybody could have made so.")
    var chainOnly = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard key.isEmpty == chainOnly else {
            throw ValidationError(
                "name the key by --key, or leave signatures alone by --chain-only")
        }
    }

    func run() throws {
        let trusted: AuditVerifier.Trusted =
            chainOnly ? .nobody : .keys(try key.flatMap { try Self.keys(in: $0) })
        let kept = try checkpoint.map { try Self.checkpoint(in: $0) }
        let lines = try LineReader(file, limitBytes: AuditRow.limitBytes)
        let result: Result<AuditVerifier.Verdict, AuditFinding>
        do throws(AuditFinding) {
            var verifier = try AuditVerifier(
                trusting: trusted, kept: kept, cryptography: RepositorySource.cryptography)
            while let line = try Self.next(lines) { try verifier.take(line: line) }
            result = .success(try verifier.finish())
        } catch { result = .failure(error) }
        tell(result)
        guard case .success = result else { throw ExitCode(1) }
    }

    private static func next(_ lines: LineReader) throws(AuditFinding) -> [UInt8]? {
        do { return try lines.next() } catch {
            throw .unreadable(line: lines.count + 1, problem: error.problem)
        }
    }

    private func tell(_ result: Result<AuditVerifier.Verdict, AuditFinding>) {
        switch result {
        case .success(let verdict):
            guard !output.json else {
                return Output.json([
                    "holds": true, "rows": .integer(verdict.rows),
                    "sha256": .string(verdict.sha256.hex),
                    "covered_rows": .integer(verdict.coveredRows),
                ])
            }
            say("OK        rows 1 to \(verdict.rows) are as they were written")
            say(
                chainOnly
                    ? "          no signature was looked at: anybody could have written them"
                    : "          signed to the last row")
            say("sha256    \(verdict.sha256.hex)")
        case .failure(let finding):
            guard !output.json else {
                return Output.json(["holds": false, "problem": .string("\(finding)")])
            }
            say("REFUSED   \("\(finding)".visible)")
        }
    }

    // MARK: Keys and checkpoints

    /// The offer keys of root metadata, or the one public key.
    private static func keys(in path: String) throws(SlipwayError) -> [PublicKey] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .missing(path: path)
        }
        guard data.first == UInt8(ascii: "{") else { return [try PublicKeyFile.read(path)] }
        do {
            let set = try TrustedSet(
                root: Array(data), now: WritingTime.clock,
                cryptography: RepositorySource.cryptography, limits: .standard)
            guard let offer = set.root.offer, !offer.keys.isEmpty else {
                throw SlipwayError.badInput(path: path, problem: "the root names no offer key")
            }
            return Array(offer.keys.values)
        } catch let error as SlipwayError { throw error } catch {
            throw .badInput(path: path, problem: "\(error)")
        }
    }

    private static func checkpoint(in path: String) throws(SlipwayError) -> SignedCheckpoint {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .missing(path: path)
        }
        do {
            return try SignedCheckpoint(
                parsing: Array(data), limitBytes: SignedCheckpoint.limitBytes)
        } catch { throw .badInput(path: path, problem: "it is no checkpoint: \(error)") }
    }
}

/// The lines of a file, one at a time; each has to end with a line feed.
final class LineReader {
    private let handle: FileHandle
    private let limitBytes: Int
    private var buffer: [UInt8] = []
    private var start = 0
    private(set) var count = 0

    private static let pieceBytes = 262_144

    /// A line that cannot be read.
    struct Problem: Error { let problem: String }

    init(_ path: String, limitBytes: Int) throws(SlipwayError) {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw .missing(path: path) }
        self.handle = handle
        self.limitBytes = limitBytes
    }

    deinit { try? handle.close() }

    /// The next line without its end; `nil` after the last.
    func next() throws(Problem) -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                count += 1
                return Array(buffer[start..<end])
            }
            searched = buffer.count - start
            buffer.removeFirst(start)
            start = 0
            guard buffer.count <= limitBytes else {
                throw Problem(problem: "it is longer than \(limitBytes) bytes")
            }
            let piece: Data?
            do { piece = try handle.read(upToCount: Self.pieceBytes) } catch {
                throw Problem(problem: error.localizedDescription)
            }
            guard let piece, !piece.isEmpty else {
                guard buffer.isEmpty else { throw Problem(problem: "it has no end") }
                return nil
            }
            buffer += piece
        }
    }
}

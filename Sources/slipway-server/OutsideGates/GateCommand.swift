import Foundation
internal import JSON
internal import Model
internal import Orchestrator
internal import Programs
internal import Rollouts

/// A program of the server's owner that answers by its exit code: 0 pass, 1 fail, else unknown.
///
/// It reads the question as JSON from its standard input, and the first line that it prints is the
/// reason.
struct GateCommand: Sendable {
    let file: URL
    let timeout: Duration

    /// The longest reason, in bytes.
    private static let reasonLimitBytes = 512
    /// All that it gets of an environment: ours may hold tokens.
    private static let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"]

    /// Blocks until the program has ended.
    func answer(to question: OutsideQuestion, of check: CheckName) -> OutsideAnswer {
        let name = file.lastPathComponent
        guard FileManager.default.isExecutableFile(atPath: file.path) else {
            return .unknown("there is no program \(name) in this server's gate_commands")
        }
        let program = Program(
            path: file.path, environment: Self.environment, timeout: timeout)
        do {
            let (end, output) = try program.run(
                input: question.json(of: check).compactBytes,
                keptByteCount: Self.reasonLimitBytes)
            let line = String(
                decoding: output.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            return Self.answer(for: end, saying: line, of: name)
        } catch { return .unknown("\(name) cannot be run: \(error)") }
    }

    private static func answer(
        for end: Program.End, saying line: String, of name: String
    ) -> OutsideAnswer {
        switch end {
        case .exited(0): .pass
        case .exited(1): .fail(line.isEmpty ? "\(name) gave no reason" : line)
        case .exited(let code): .unknown("\(name) exited with \(code): \(line)")
        case .killed(let signal): .unknown("\(name) was killed by signal \(signal)")
        case .timedOut: .unknown("\(name) did not end in time")
        }
    }
}

/// Why a program gave no signature; each case names the program.
public enum CommandSignerError: Error, Hashable, Sendable {
    case notStarted(String, reason: String)
    /// It ended with this exit code, which is not 0.
    case exited(String, code: Int32)
    case killed(String, signal: Int32)
    case timedOut(String, after: Duration)
    /// It wrote more than this many bytes.
    case answerTooLong(String, limitBytes: Int)
    /// What it wrote is not the object that was asked for.
    case badAnswer(String, problem: String)
    /// The system did not let us talk to it.
    case failed(String, reason: String)
}

extension CommandSignerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notStarted(let program, let reason):
            "the signing program \(program) did not start: \(reason)"
        case .exited(let program, let code):
            "the signing program \(program) exited with \(code)"
        case .killed(let program, let signal):
            "the signing program \(program) was killed by signal \(signal)"
        case .timedOut(let program, let timeout):
            "the signing program \(program) gave no signature within \(timeout)"
        case .answerTooLong(let program, let limitBytes):
            "the signing program \(program) wrote more than \(limitBytes) bytes"
        case .badAnswer(let program, let problem):
            "the signing program \(program) gave an answer that is no signature: \(problem)"
        case .failed(let program, let reason):
            "the signing program \(program) could not be talked to: \(reason)"
        }
    }
}

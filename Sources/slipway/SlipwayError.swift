internal import ArgumentParser

/// Why a command could not be carried out; each case has one exit code and one sentence.
enum SlipwayError: Error {
    case badInput(path: String, problem: String)
    case missing(path: String)
    case unreachable(server: String, problem: String)
    case cannotCreate(path: String, problem: String)
    case tryAgain(String)
    case notPermitted(String)
    /// The server understood and said no.
    case refused(String)
}

extension SlipwayError: CustomStringConvertible {
    var description: String {
        switch self {
        case .badInput(let path, let problem): "\(path): \(problem)"
        case .missing(let path): "\(path): there is no such file"
        case .unreachable(let server, let problem): "cannot reach \(server): \(problem)"
        case .cannotCreate(let path, let problem): "cannot write \(path): \(problem)"
        case .tryAgain(let reason), .notPermitted(let reason), .refused(let reason): reason
        }
    }

    /// As in sysexits(3), where it has a number.
    var exitCode: ExitCode {
        switch self {
        case .badInput, .refused: ExitCode(65)
        case .missing: ExitCode(66)
        case .unreachable: ExitCode(69)
        case .cannotCreate: ExitCode(73)
        case .tryAgain: ExitCode(75)
        case .notPermitted: ExitCode(77)
        }
    }
}

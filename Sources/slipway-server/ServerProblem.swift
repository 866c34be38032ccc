/// Why the server cannot start; each case has one exit code.
enum ServerProblem: Error, CustomStringConvertible {
    case configuration(String)
    case data(String)
    case address(String, String)
    case busy(String)
    case cannotCreate(path: String, problem: String)

    var description: String {
        switch self {
        case .configuration(let problem), .data(let problem), .busy(let problem): problem
        case .address(let address, let problem): "cannot listen on \(address): \(problem)"
        case .cannotCreate(let path, let problem): "cannot write \(path): \(problem)"
        }
    }

    /// As in sysexits(3).
    var exitCode: Int32 {
        switch self {
        case .configuration, .data: 65
        case .address: 69
        case .cannotCreate: 73
        case .busy: 75
        }
    }
}

internal import Orchestrator
internal import Postgres

/// Why a move did not come to its end.
public enum MoveProblem: Error, Hashable, CustomStringConvertible {
    /// It cannot go on before somebody does what the words say.
    case refused(String)
    /// Something went away in the middle; the same move, begun again, goes on where it stopped.
    case interrupted(String)

    public var description: String {
        switch self {
        case .refused(let problem), .interrupted(let problem): problem
        }
    }

    /// - Parameter place: What failed: the source or the target.
    init(_ error: StoreError, at place: String) {
        switch error {
        case .busy, .unreachable: self = .interrupted("\(place) is busy, or does not answer")
        case .full: self = .interrupted("the disk of \(place) is full; make room")
        case .conflict: self = .refused("\(place) does not take what the move writes")
        case .foreign(let problem): self = .refused(problem)
        case .failed(let problem): self = .refused("\(place): \(problem)")
        }
    }

    init(_ error: PostgresError) {
        let known = StoreError(postgres: error)
        switch known {
        case .busy: self = .interrupted("the PostgreSQL database does not go on: \(error)")
        case .full, .conflict, .foreign, .failed, .unreachable:
            self.init(known, at: "the PostgreSQL database")
        }
    }
}

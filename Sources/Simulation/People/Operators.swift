internal import Model
internal import Orchestrator

/// What the people at the command line have asked for, as they remember it.
final class Operators {
    static let author = name("ada")
    static let approver = name("bob")

    /// Rollouts that the server has said it started.
    var started: [RolloutName] = []
    /// Rollouts that somebody paused, and nobody has resumed since.
    var paused: Set<RolloutName> = []
    /// Requests that were never answered: what became of them nobody knows.
    var unsure: Set<RolloutName> = []
    var aborted: Set<RolloutName> = []
    var reverted: Set<RolloutName> = []
    var retired: Set<DeviceID> = []
    var withdrawn: Set<ReleaseID> = []
    var versions: [String] = []

    private static func name(_ text: String) -> OperatorName {
        guard let name = OperatorName(text) else { preconditionFailure("that is a name") }
        return name
    }
}

public import Agent
public import Model

/// A program that is asked: 0 is yes, 75 (`EX_TEMPFAIL`) is not now, its last line the reason.
///
/// One that fails has not agreed. The moment that the rollout sets ends that as well.
public struct CommandConsent: Consent {
    private let command: [String]
    private let timeout: Duration

    /// - Parameter command: Program and arguments; `{release}` stands for the new release.
    public init(command: [String], timeout: Duration) {
        self.command = command
        self.timeout = timeout
    }

    public func ask(for release: ReleaseID) -> ConsentVerdict {
        let arguments = command.map { $0 == "{release}" ? "\(release)" : $0 }
        do throws(SlotError) {
            let end = try ChildProcess.run(arguments, timeout: timeout)
            switch end.outcome {
            case .exited(0): return .yes
            case .exited(ChildProcess.notNow):
                return .notNow(end.lastLine.isEmpty ? "\(command[0]) says not now" : end.lastLine)
            case .exited, .killed, .timedOut:
                let said = end.lastLine.isEmpty ? "" : ": \(end.lastLine)"
                return .notNow("\(command[0]), which is asked for consent, \(end.outcome)\(said)")
            }
        } catch { return .notNow("nobody can be asked for consent: \(error)") }
    }
}

internal import JSON
internal import Model
internal import Trust

/// What waits for signatures, and whose, in words for a person.
struct StagedView {
    private let round: SigningRound

    init(_ workspace: Workspace) { round = workspace.round }

    var isEmpty: Bool { round.staged.isEmpty }

    private var roles: [RoleName] { round.staged.keys.sorted { $0.text < $1.text } }

    /// Prints it; where the command prints JSON, it is part of that.
    func tell(_ isJSON: Bool) {
        guard !isJSON else { return }
        for line in lines { say(line) }
    }

    var lines: [String] {
        roles.flatMap { role -> [String] in
            guard let staged = round.staged[role] else { return [] }
            let head = "staged \(role) version \(staged.version), expires \(staged.expires)"
            guard round.isCurrent(role) else {
                return ["\(head): outdated, because another version was published; stage it again"]
            }
            return [head] + progress(of: role)
        }
    }

    private func progress(of role: RoleName) -> [String] {
        zip(round.signers(of: role), round.progress(of: role)).enumerated().flatMap {
            number, pair -> [String] in
            let (_, progress) = pair
            let whose = self.whose(role, number)
            let state =
                progress.missing == 0
                ? "  \(whose): complete (\(progress.threshold) needed)"
                : "  \(whose): \(progress.missing) more of \(progress.threshold) needed"
            return [state] + progress.signed.map { "    signed   \($0)" }
                + (progress.missing == 0 ? [] : progress.waiting.map { "    may sign \($0)" })
        }
    }

    /// A root is signed by the keys of the root before and by its own; targets for either.
    private func whose(_ role: RoleName, _ number: Int) -> String {
        switch role {
        case .root: number == 0 ? "keys of the current root" : "keys of the new root"
        case .targets: number == 0 ? "keys of targets" : "keys of targets under the staged root"
        case .timestamp, .snapshot, .offer, .delegated: "keys of \(role)"
        }
    }

    var json: JSONValue {
        .array(
            roles.compactMap { role in
                guard let staged = round.staged[role] else { return nil }
                let progress = round.progress(of: role).map { progress -> JSONValue in
                    [
                        "threshold": .integer(Int64(progress.threshold)),
                        "missing": .integer(Int64(progress.missing)),
                        "signed": .array(progress.signed.map { .string($0.text) }),
                        "may_sign": .array(progress.waiting.map { .string($0.text) }),
                    ]
                }
                return [
                    "role": .string(role.text), "version": .integer(staged.version),
                    "expires": .string("\(staged.expires)"),
                    "current": .bool(round.isCurrent(role)), "signatures": .array(progress),
                ]
            })
    }
}

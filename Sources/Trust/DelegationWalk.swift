internal import JSON

/// One pre-order, depth-first search through the delegations (TUF 1.0.34 section 5.6.7).
struct DelegationWalk {
    /// A role, by the whole way it was reached from targets: each delegator names its own keys
    /// for it, so what was verified on one way says nothing on another.
    struct Step: Hashable, Sendable {
        /// From the role that targets itself delegates to, to the role at hand; never empty.
        private let way: [DelegatedRoleName]

        var role: RoleName { .delegated(name) }
        /// The role at hand.
        let name: DelegatedRoleName

        /// `nil` when targets itself is the delegator.
        var delegator: Step? {
            guard let last = way.dropLast().last else { return nil }
            return Step(way: way.dropLast(), name: last)
        }

        /// The step from `delegator`, `nil` standing for targets, to the role `name`.
        init(from delegator: Step?, to name: DelegatedRoleName) {
            self.init(way: (delegator?.way ?? []) + [name], name: name)
        }

        /// Whether the way leads through the role.
        func passes(_ name: DelegatedRoleName) -> Bool { way.contains(name) }

        private init(way: [DelegatedRoleName], name: DelegatedRoleName) {
            self.way = way
            self.name = name
        }
    }

    let path: JSONString
    /// The most delegated roles that are entered.
    private let limit: Int
    private var waiting: [Step] = []
    private var visited: Set<DelegatedRoleName> = []

    init(path: JSONString, limit: Int) {
        self.path = path
        self.limit = limit
    }

    /// Notes whom `targets`, reached by `step` and not listing the path itself, would have asked.
    mutating func follow(_ targets: Targets, at step: Step?, hashing: some Hashing) {
        guard let delegations = targets.delegations else { return }
        var next: [Step] = []
        for candidate in delegations.candidates(for: path, hashing: hashing) {
            next.append(Step(from: step, to: candidate.name))
            if candidate.isTerminating {
                // Nobody but this role and those it asks in turn may speak for the path.
                waiting = []
                break
            }
        }
        waiting += next.reversed()
    }

    /// The next role to look into; `nil` when the search is over.
    mutating func next() -> Step? {
        while let step = waiting.popLast() {
            guard visited.count < limit else { return nil }
            if visited.insert(step.name).inserted { return step }
        }
        return nil
    }
}

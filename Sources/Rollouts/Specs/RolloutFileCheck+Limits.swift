internal import Model

extension RolloutFileCheck {
    static let attributeCount = 0...8

    func limits() throws(RolloutFileError) -> LimitsSpec {
        let limits = file.limits
        return LimitsSpec(
            concurrent: try Self.number(
                limits.concurrent ?? 500, Self.concurrentCount, "limits.concurrent"),
            shares: try shares(), apart: try apart(), window: try window(),
            egress: try limits.egress.map { text throws(RolloutFileError) in
                try Self.limit("limits.egress") { () throws(LimitError) in try EgressBudget(text) }
            })
    }

    private func shares() throws(RolloutFileError) -> [ShareLimit] {
        let shares = file.limits.per
        _ = try Self.number(shares.count, Self.attributeCount, "limits.per")
        var limits: [ShareLimit] = []
        for (name, share) in shares.sorted(by: { $0.key < $1.key }) {
            limits.append(
                try Self.limit("limits.per.\(name)") { () throws(LimitError) in
                    try ShareLimit(attribute: name, share: share)
                })
        }
        return limits
    }

    private func apart() throws(RolloutFileError) -> [NeverTogether] {
        let names = file.limits.neverTogether
        _ = try Self.number(names.count, Self.attributeCount, "limits.never_together")
        var limits: [NeverTogether] = []
        for (index, name) in names.enumerated() {
            let path = "limits.never_together[\(index)]"
            let limit = try Self.limit(path) { () throws(LimitError) in
                try NeverTogether(attribute: name)
            }
            guard !limits.contains(limit) else {
                throw RolloutFileError(path: path, problem: .repeated(name))
            }
            limits.append(limit)
        }
        return limits
    }

    private func window() throws(RolloutFileError) -> MaintenanceWindow? {
        guard let window = file.limits.window else { return nil }
        do {
            return try MaintenanceWindow(
                days: window.days ?? "daily", from: window.from, to: window.to, zone: window.zone)
        } catch {
            throw RolloutFileError(path: "limits.window.\(error.member)", problem: .window(error))
        }
    }

    /// A rate that says nothing of growth stays as it starts.
    static func rate(
        _ rate: RolloutFile.Rate?, _ path: String
    ) throws(RolloutFileError) -> RateCurve? {
        guard let rate else { return nil }
        guard (rate.factor == nil) == (rate.every == nil) else {
            throw RolloutFileError(path: path, problem: .rateWithoutStep)
        }
        return try limit(path) { () throws(LimitError) in
            try RateCurve(
                start: rate.start, factor: rate.factor ?? 1, every: rate.every ?? "1 confirmed",
                max: rate.max ?? (rate.factor == nil ? rate.start : "1000000/\(rate.unit)"))
        }
    }

    private static func limit<Limit>(
        _ path: String, _ make: () throws(LimitError) -> Limit
    ) throws(RolloutFileError) -> Limit {
        do { return try make() } catch {
            throw RolloutFileError(path: path, problem: .limit(error))
        }
    }
}

extension RolloutFile.Rate {
    /// The unit that the rate starts in, as it is written.
    fileprivate var unit: Substring { start.split(separator: "/").last ?? "" }
}

extension WindowError {
    /// The member of the window that is wrong.
    fileprivate var member: String {
        switch self {
        case .days: "days"
        case .from: "from"
        case .to: "to"
        case .zone: "zone"
        }
    }
}

public import Model

/// One member that differs between two rollout files.
public struct RolloutDifference: Hashable, Sendable {
    /// Such as `limits.concurrent` or `waves["canary"].soak`.
    public let path: String
    /// What the earlier file says, lists joined by commas; `nil` when it says nothing.
    public let before: String?
    /// What the later file says; `nil` when it says nothing.
    public let after: String?
}

extension RolloutFile {
    /// The members that differ, in the order of the later file; empty only for equal files.
    ///
    /// Waves are compared by name, so a new one does not make all later ones differ; when a file
    /// has two of one name, all are compared by number. Texts differ when their bytes do.
    public func differences(to later: RolloutFile) -> [RolloutDifference] {
        var found = FoundDifferences()
        found.compare("rollout", rollout, later.rollout)
        found.compare("release", release, later.release)
        found.compare("devices", devices, later.devices)
        found.compare(waves, later.waves)
        found.compare(gate, later.gate)
        found.compare(limits, later.limits)
        found.compare("retries.max", retries?.max, later.retries?.max)
        found.compare("retries.backoff", retries?.backoff, later.retries?.backoff)
        found.compare("retries.classes", retries?.classes, later.retries?.classes)
        found.compare("priority", priority, later.priority)
        found.compare("supersedes", supersedes?.text, later.supersedes?.text)
        found.compare("on_failure", onFailure, later.onFailure)
        found.compare("revert_to", revertTo, later.revertTo)
        found.compare("expires", expires, later.expires)
        found.compare("defer_for", deferFor, later.deferFor)
        return found.differences
    }
}

extension RolloutFile.Supersedes {
    fileprivate var text: String {
        switch self {
        case .older: "older"
        case .named(let names): names.joined(separator: ", ")
        }
    }
}

/// Gathers differences, one function for each part of a rollout file.
private struct FoundDifferences {
    private(set) var differences: [RolloutDifference] = []

    mutating func compare(_ path: String, _ before: String?, _ after: String?) {
        guard before.map(ExactText.init) != after.map(ExactText.init) else { return }
        differences.append(RolloutDifference(path: path, before: before, after: after))
    }

    mutating func compare(_ path: String, _ before: Int?, _ after: Int?) {
        compare(path, before.map(String.init), after.map(String.init))
    }

    /// An empty list says nothing.
    mutating func compare(_ path: String, _ before: [String]?, _ after: [String]?) {
        let (before, after) = (before ?? [], after ?? [])
        guard before.map(ExactText.init) != after.map(ExactText.init) else { return }
        differences.append(
            RolloutDifference(
                path: path, before: before.isEmpty ? nil : before.joined(separator: ", "),
                after: after.isEmpty ? nil : after.joined(separator: ", ")))
    }

    /// Names first, because they alone tell of an order that has changed.
    mutating func compare(_ before: [RolloutFile.Wave], _ after: [RolloutFile.Wave]) {
        compare("waves", before.map(\.name), after.map(\.name))
        guard let old = Self.byName(before), let new = Self.byName(after) else {
            for index in 0..<max(before.count, after.count) {
                compare(
                    "waves[\(index)]", index < before.count ? before[index] : nil,
                    index < after.count ? after[index] : nil)
            }
            return
        }
        let names = after.map(\.name) + before.map(\.name).filter { new[ExactText($0)] == nil }
        for name in names {
            compare(
                "waves[\(Quotation.of(name))]", old[ExactText(name)], new[ExactText(name)])
        }
    }

    /// Returns `nil` when two waves have one name.
    private static func byName(_ waves: [RolloutFile.Wave]) -> [ExactText: RolloutFile.Wave]? {
        let named = Dictionary(waves.map { (ExactText($0.name), $0) }) { first, _ in first }
        return named.count == waves.count ? named : nil
    }

    private mutating func compare(
        _ path: String, _ before: RolloutFile.Wave?, _ after: RolloutFile.Wave?
    ) {
        compare("\(path).sample", before?.sample, after?.sample)
        compare("\(path).strata", before?.strata, after?.strata)
        compare("\(path).percent", before?.percent, after?.percent)
        compare("\(path).count", before?.count, after?.count)
        compare("\(path).devices", before?.devices, after?.devices)
        compare("\(path).list", before?.list, after?.list)
        compare("\(path).soak", before?.soak, after?.soak)
        compare("\(path).approval", before?.approval, after?.approval)
        compare("\(path).rate.start", before?.rate?.start, after?.rate?.start)
        compare("\(path).rate.factor", before?.rate?.factor, after?.rate?.factor)
        compare("\(path).rate.every", before?.rate?.every, after?.rate?.every)
        compare("\(path).rate.max", before?.rate?.max, after?.rate?.max)
    }

    mutating func compare(_ before: RolloutFile.Gate, _ after: RolloutFile.Gate) {
        compare("gate.max_failure_rate", before.maxFailureRate, after.maxFailureRate)
        compare("gate.confidence", before.confidence, after.confidence)
        compare("gate.min_confirmed", before.minConfirmed, after.minConfirmed)
        compare("gate.require", before.require, after.require)
        compare("gate.overdue_after", before.overdueAfter, after.overdueAfter)
        for name in Set(before.perClass.keys).union(after.perClass.keys).sorted() {
            compare("gate.per_class.\(name)", before.perClass[name], after.perClass[name])
        }
        compare(before.checks, after.checks)
    }

    /// By name, as far as names are unique; names first, because they tell of the order.
    private mutating func compare(_ before: [RolloutFile.Check], _ after: [RolloutFile.Check]) {
        compare("gate.checks", before.map(\.name), after.map(\.name))
        var names: [String] = []
        for name in (after + before).map(\.name)
        where !names.contains(where: { ExactText($0) == ExactText(name) }) { names.append(name) }
        for name in names {
            let old = before.filter { ExactText($0.name) == ExactText(name) }
            let new = after.filter { ExactText($0.name) == ExactText(name) }
            for index in 0..<max(old.count, new.count) {
                compare(
                    "gate.checks[\(Quotation.of(name))]", index < old.count ? old[index] : nil,
                    index < new.count ? new[index] : nil)
            }
        }
    }

    private mutating func compare(
        _ path: String, _ before: RolloutFile.Check?, _ after: RolloutFile.Check?
    ) {
        compare("\(path).prometheus", before?.prometheus, after?.prometheus)
        compare("\(path).webhook", before?.webhook, after?.webhook)
        compare("\(path).command", before?.command, after?.command)
        compare("\(path).pass", before?.pass, after?.pass)
        compare("\(path).every", before?.every, after?.every)
        compare("\(path).timeout", before?.timeout, after?.timeout)
    }

    mutating func compare(_ before: RolloutFile.Limits, _ after: RolloutFile.Limits) {
        compare("limits.concurrent", before.concurrent, after.concurrent)
        for name in Set(before.per.keys).union(after.per.keys).sorted() {
            compare("limits.per.\(name)", before.per[name], after.per[name])
        }
        compare("limits.never_together", before.neverTogether, after.neverTogether)
        compare("limits.window.days", before.window?.days, after.window?.days)
        compare("limits.window.from", before.window?.from, after.window?.from)
        compare("limits.window.to", before.window?.to, after.window?.to)
        compare("limits.window.zone", before.window?.zone, after.window?.zone)
        compare("limits.egress", before.egress, after.egress)
    }
}

extension RolloutDifference: CustomStringConvertible {
    /// One clause for an operator; long texts are shown from shortly before where they part.
    public var description: String {
        switch (before, after) {
        case (nil, nil): "\(path): nothing"
        case (let before?, nil): "\(path): no longer \(Quotation.of(before))"
        case (nil, let after?): "\(path): now \(Quotation.of(after))"
        case (let before?, let after?):
            "\(path): \(Self.quoted(before, unlike: after)), now "
                + Self.quoted(after, unlike: before)
        }
    }

    private static func quoted(_ text: String, unlike other: String) -> String {
        let shared = zip(text.unicodeScalars, other.unicodeScalars).prefix { $0 == $1 }.count
        let skipped = max(0, shared - Quotation.maximumCount / 2)
        guard skipped > 0, text.unicodeScalars.count > Quotation.maximumCount else {
            return Quotation.of(text)
        }
        return "…" + Quotation.of(String(text.unicodeScalars.dropFirst(skipped)))
    }
}

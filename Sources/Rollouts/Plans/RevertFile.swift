public import Model

extension RolloutFile {
    /// The rollout that brings devices back from `release`, which this one brought them.
    ///
    /// It goes to the devices that run `release` and that this one's selector picks, in three
    /// waves, under the same limits, gate and retries. So going back is staged and gated, too. A
    /// selector that asks for what devices run picked them by what they ran before, so it is left
    /// out; and whoever outside said that the release does harm is not asked about its removal.
    ///
    /// - Parameters:
    ///   - name: Of the new rollout.
    ///   - release: What the devices run.
    ///   - earlier: What they are to run again.
    ///   - count: How many devices run `release`.
    public func reverting(
        as name: RolloutName, from release: ReleaseID, to earlier: ReleaseID, deviceCount count: Int
    ) -> RolloutFile {
        var file = self
        file.rollout = name.text
        file.release = "\(earlier)"
        let running = "release == \"\(release.name)\" and version == \"\(release.version)\""
        file.devices = asksWhatDevicesRun ? running : "(\(devices)) and \(running)"
        file.waves = Self.revertWaves(deviceCount: count)
        file.gate.require = nil
        file.gate.minConfirmed = nil
        file.gate.checks = []
        // What an emergency brought goes back before anything else, but it is none itself.
        if file.priority.flatMap(RolloutPriority.init) == .emergency {
            file.priority = "\(RolloutPriority.levels.upperBound)"
        }
        file.supersedes = nil
        file.onFailure = nil
        file.revertTo = nil
        file.expires = nil
        return file
    }

    private var asksWhatDevicesRun: Bool {
        guard let selector = try? Selector(devices, cohorts: .expanded) else { return true }
        return !selector.words.isDisjoint(with: ["release", "version"])
    }

    /// A twentieth first, but ten devices at most, then a quarter, then all.
    private static func revertWaves(deviceCount count: Int) -> [Wave] {
        let first = Wave(name: "first", count: min(10, max(1, count / 20)), soak: "5m")
        let all = Wave(name: "all", percent: "100%", soak: "0s")
        // A quarter of a few devices may be none.
        guard count >= 40 else { return [first, all] }
        return [first, Wave(name: "quarter", percent: "25%", soak: "5m"), all]
    }
}

extension RolloutName {
    /// Names for a rollout that takes this one back, in the order in which they are tried.
    public var revertNames: [RolloutName] {
        let suffixes = ["-revert"] + (2...9).map { "-revert-\($0)" }
        return suffixes.compactMap { suffix in
            let room = NameRule.maximumByteCount - suffix.utf8.count
            return RolloutName("\(text.prefix(room))\(suffix)")
        }
    }
}

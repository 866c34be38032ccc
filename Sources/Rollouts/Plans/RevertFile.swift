public import Model

extension RolloutFile {
    /// The rollout that brings devices back from `release`, which this one brought them.
    ///
    /// It goes to the devices that this one's selector picks and that run `release`, in three
    /// waves, under the same limits, gate and retries. So going back is staged and gated, too.
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
        file.devices =
            "(\(devices)) and release == \"\(release.name)\""
            + " and version == \"\(release.version)\""
        file.waves = Self.revertWaves(deviceCount: count)
        file.gate.require = nil
        file.gate.minConfirmed = nil
        file.supersedes = nil
        file.onFailure = nil
        file.revertTo = nil
        file.expires = nil
        return file
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

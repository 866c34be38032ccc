internal import Model

extension RolloutPlan {
    /// How long after the start each wave passes its gate at the earliest.
    ///
    /// A wave passes when it has soaked and all its devices are decided, so with the `n` devices
    /// that it adds it takes at least the longest of
    /// - its soak, which begins when it opens,
    /// - ⌈`n` / `limits.concurrent`⌉ · `timePerDevice`, for all leases at once have to be freed, and
    /// - for a wave with a rate, the time until its last lease is taken, and `timePerDevice`.
    ///
    /// Until the last of `n` leases at the rate `r` per unit ⌊(`n` - 1) / `r`⌋ units pass; leases
    /// are divided by the steps of the rate as if every device were confirmed at once. Approvals,
    /// windows, shares, egress and retries are left out: they only make it later. Waves add up.
    ///
    /// - Parameter timePerDevice: From a lease to its proof or failure; not negative.
    /// - Returns: As many as there are waves; they never fall.
    public func earliestFinishes(timePerDevice: Duration) -> [Duration] {
        precondition(timePerDevice >= .zero, "no device is done before it begins")
        var finish = Duration.zero
        var reached = 0
        return waves.map { wave in
            finish += wave.shortestLife(
                after: reached, concurrent: spec.limits.concurrent, timePerDevice: timePerDevice)
            reached = wave.deviceCount
            return finish
        }
    }
}

extension PlannedWave {
    /// - Parameter reached: The devices that earlier waves reach.
    fileprivate func shortestLife(
        after reached: Int, concurrent: Int, timePerDevice: Duration
    ) -> Duration {
        let added = deviceCount - reached
        guard added > 0 else { return spec.soak }
        let turns = (added - 1) / concurrent + 1
        let lastLease = spec.rate?.shortestTime(for: added, confirmed: reached) ?? .zero
        return max(spec.soak, timePerDevice * turns, lastLease + timePerDevice)
    }
}

extension RateCurve {
    /// From the first of so many leases to the last one, if each is confirmed when it is taken.
    ///
    /// - Parameter confirmed: The devices that are confirmed before the first lease.
    fileprivate func shortestTime(for leases: Int, confirmed: Int) -> Duration {
        var units: Int64 = 0
        var next = confirmed
        let end = confirmed + leases
        // Each turn at least doubles the rate, which has its largest value after twenty.
        while next < end {
            let rate = allowance(confirmed: next)
            let isLargest = factor == 1 || rate.count == largest.count
            let last = isLargest ? end : min(end, (next / step + 1) * step)
            units += Int64((last - next - 1) / rate.count)
            next = last
        }
        return .seconds(units * start.unit.seconds)
    }
}

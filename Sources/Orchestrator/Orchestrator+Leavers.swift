internal import Model
internal import Rollouts

/// Devices that are retired leave every number that others are a share of.
///
/// What they have proven, and where they failed, stays what happened: it is evidence of the release,
/// and to retire a device is no way to forgive its failure.
extension Orchestrator {
    /// Takes the device out of the waves of every rollout that counted on it and has not ended.
    ///
    /// To be called before the device is saved as retired: what it was when the rollout was started
    /// is asked of its history.
    func noteLeaving(
        of device: DeviceID, _ store: any StoreWriter, at moment: Instant
    ) throws {
        let book = try book(store)
        for rollout in book.newestFirst where rollout.state.countsDevices {
            guard let entry = book[rollout.name], let plan = entry.plan,
                plan.mayReach(
                    device, bucket: entry.order.bucket(of: device), upTo: plan.waves.count - 1),
                try store.attemptRecord(of: device, in: rollout.name)?.standing != .proven,
                let facts = try store.history(at: rollout.created, askedBy: device)
                    .facts(of: device),
                let wave = plan.plannedWave(of: facts, entry, in: context(at: rollout.created))
            else { continue }
            try store.addLeaver(device, from: wave, of: rollout.name)
        }
    }
}

extension RolloutPlan {
    /// The wave that counted the device when the rollout was planned; `nil` when none did.
    fileprivate func plannedWave(
        of device: DeviceFacts, _ entry: RolloutBook.Entry, in context: SelectorContext
    ) -> Int? {
        let image = entry.image(for: device.hardware)?.planned
        // Whoever could not take the release, as one that had it already, was not counted.
        guard spec.ineligibility(of: device, image: image, in: context) == nil else { return nil }
        return wave(of: device, bucket: entry.order.bucket(of: device.id), in: context)
    }
}

extension RolloutState {
    /// Whether its gate may still ask how many devices it reaches.
    fileprivate var countsDevices: Bool {
        switch self {
        case .draft, .running, .paused, .completed: true
        case .reverting, .aborted: false
        }
    }
}

extension [Int: Int] {
    /// Leavers of `wave` and those before it.
    func leavers(upTo wave: Int) -> Int { reduce(0) { $1.key <= wave ? $0 + $1.value : $0 } }
}

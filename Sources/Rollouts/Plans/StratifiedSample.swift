internal import Model

/// Chooses the devices of one sample wave while the fleet streams by.
///
/// The devices of a stratum are taken in the order of their buckets, and the strata take turns, the
/// largest first. What is chosen depends on the devices only, not on the order in which they come.
struct StratifiedSample {
    private let count: Int
    private let strata: [DeviceWord]
    private var groups: [[UInt8]: Group] = [:]

    init(count: Int, strata: [DeviceWord]) {
        self.count = count
        self.strata = strata
    }

    /// A device that may be chosen.
    struct Candidate: Hashable, Comparable {
        let bucket: Bucket
        let id: DeviceID
        /// The first wave that would reach it without any sample.
        let laterWave: Int?

        static func < (left: Candidate, right: Candidate) -> Bool {
            (left.bucket, left.id) < (right.bucket, right.id)
        }
    }

    mutating func add(_ device: DeviceFacts, bucket: Bucket, laterWave: Int?) {
        groups[key(of: device), default: Group()].add(
            Candidate(bucket: bucket, id: device.id, laterWave: laterWave), keeping: count)
    }

    /// What this wave adds to `earlier`, so that both together have `count` devices.
    ///
    /// Fewer when the fleet has fewer. With the same strata the result holds all of a smaller
    /// sample; with others, the earlier devices stay and the first of the rest join them.
    func chosen(beside earlier: Set<Candidate>) -> [Candidate] {
        let missing = max(0, count - earlier.count)
        return Array(inTurns().filter { !earlier.contains($0) }.prefix(missing))
    }

    /// The first `count` devices when strata take turns.
    private func inTurns() -> [Candidate] {
        let ordered = groups.sorted { left, right in
            guard left.value.size == right.value.size else {
                return left.value.size > right.value.size
            }
            return left.key.lexicographicallyPrecedes(right.key)
        }.prefix(count).map { $0.value.smallest(count) }
        var chosen: [Candidate] = []
        for turn in 0..<count {
            for group in ordered where turn < group.count && chosen.count < count {
                chosen.append(group[turn])
            }
            guard chosen.count < count, ordered.contains(where: { $0.count > turn + 1 }) else {
                break
            }
        }
        return chosen
    }

    /// The values of the strata as bytes; no value has the control characters that separate them.
    private func key(of device: DeviceFacts) -> [UInt8] {
        var key: [UInt8] = []
        for word in strata {
            guard let value = word.value(in: device) else {
                key.append(0)
                continue
            }
            key.append(1)
            key.append(contentsOf: value.utf8)
        }
        return key
    }

    /// The devices of one stratum: how many there are, and those with the smallest buckets.
    private struct Group {
        private(set) var size = 0
        private var candidates: [Candidate] = []
        /// Nothing from here on can be among the smallest.
        private var limit: Candidate?

        /// Keeps at most twice `count` candidates, however many are added.
        mutating func add(_ candidate: Candidate, keeping count: Int) {
            size += 1
            if let limit, candidate >= limit { return }
            candidates.append(candidate)
            guard candidates.count >= 2 * count else { return }
            candidates = smallest(count)
            limit = candidates.last
        }

        func smallest(_ count: Int) -> [Candidate] { Array(candidates.sorted().prefix(count)) }
    }
}

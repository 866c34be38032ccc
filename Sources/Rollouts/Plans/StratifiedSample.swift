internal import Model

/// Chooses the devices of the sample waves that have the same strata, while the fleet streams by.
///
/// The devices of a stratum are taken in the order of their buckets, and the strata take turns, the
/// largest first. What is chosen depends on the devices only, not on the order in which they come.
struct StratifiedSample {
    let strata: [DeviceWord]
    /// The count of the largest of these samples.
    private var largest = 0
    private var groups: [StratumKey: Group] = [:]

    init(strata: [DeviceWord]) { self.strata = strata }

    /// A device that may be chosen.
    struct Candidate: Comparable {
        let bucket: Bucket
        let id: DeviceID
        /// The first wave that would reach it without any sample.
        let laterWave: Int?
        /// Of the image that it would download.
        let byteCount: Int64
        /// Its values of the strata of all sample waves.
        let values: StratumKey

        /// A device is itself, whatever else is known of it.
        static func == (left: Candidate, right: Candidate) -> Bool { left.id == right.id }

        static func < (left: Candidate, right: Candidate) -> Bool {
            (left.bucket, left.id) < (right.bucket, right.id)
        }
    }

    /// Makes room for a sample of `count` devices, before the first device is added.
    mutating func serve(count: Int) {
        precondition(groups.isEmpty, "candidates may have been dropped already")
        largest = max(largest, count)
    }

    /// - Parameter key: The candidate's values of ``strata``.
    mutating func add(_ candidate: Candidate, of key: StratumKey) {
        groups[key, default: Group()].add(candidate, keeping: largest)
    }

    /// What a wave of `count` devices adds to `earlier`, so that both together have as many.
    ///
    /// Fewer when the fleet has fewer. With the same strata the result holds all of a smaller
    /// sample; with others, the earlier devices stay and the first of the rest join them.
    func chosen(_ count: Int, beside earlier: Set<DeviceID>) -> [Candidate] {
        precondition(count <= largest, "no more candidates are kept than were announced")
        let missing = max(0, count - earlier.count)
        return Array(inTurns(count).filter { !earlier.contains($0.id) }.prefix(missing))
    }

    /// How many devices have each value of the stratum with this number.
    func sizes(ofStratum index: Int) -> [ExactText?: Int] {
        groups.reduce(into: [:]) { $0[$1.key.values[index], default: 0] += $1.value.size }
    }

    /// The first `count` devices when strata take turns.
    private func inTurns(_ count: Int) -> [Candidate] {
        let ordered = groups.sorted { left, right in
            guard left.value.size == right.value.size else {
                return left.value.size > right.value.size
            }
            return left.key.precedes(right.key)
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

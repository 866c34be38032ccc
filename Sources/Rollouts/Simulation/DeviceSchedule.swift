/// When one device is there, and how fast it is, in one run.
///
/// Everything follows from its key, so that a hundred thousand devices need no memory for it. Times
/// are seconds after the start. A device checks in on a grid of its own; its time is cut into equal
/// spells, and a share of these it is offline.
struct DeviceSchedule {
    private let key: UInt64
    private let intervalSeconds: Int64
    private let offset: Int64
    private let spellSeconds: Int64
    private let spellOffset: Int64
    private let offlineShare: Double

    /// A time that no run reaches.
    static let never = Int64.max / 4
    /// How many spells are looked at before a device counts as gone.
    private static let spellLimit = 1000

    init(key: UInt64, behaviour: FleetBehaviour) {
        self.key = key
        let spread = 0.8 + 0.4 * SeededGenerator.unit(key, 0)
        intervalSeconds = max(1, Int64(Double(behaviour.checkInSeconds) * spread))
        offset = Int64(SeededGenerator.unit(key, 1) * Double(intervalSeconds))
        spellSeconds = behaviour.offlineSpellSeconds
        spellOffset = Int64(SeededGenerator.unit(key, 2) * Double(spellSeconds))
        offlineShare = behaviour.offlineShare
    }

    // MARK: check-ins

    func nextCheckIn(after time: Int64) -> Int64 {
        var next = grid(after: time)
        guard offlineShare > 0 else { return next }
        for _ in 0..<Self.spellLimit {
            let spell = spell(at: next)
            guard isOffline(spell) else { return next }
            next = grid(after: begin(of: spell + 1) - 1)
        }
        return Self.never
    }

    func lastCheckIn(until time: Int64) -> Int64 {
        var last = grid(after: time) - intervalSeconds
        guard offlineShare > 0 else { return last }
        for _ in 0..<Self.spellLimit {
            let spell = spell(at: last)
            guard isOffline(spell) else { return last }
            last = grid(after: begin(of: spell) - 1) - intervalSeconds
        }
        return -Self.never
    }

    /// The next check-in after `time` that matters to a device that can do nothing before `moment`.
    ///
    /// It is the last one before the device goes offline, if that comes first.
    func checkIn(after time: Int64, notBefore moment: Int64) -> Int64 {
        guard offlineShare > 0 else { return nextCheckIn(after: max(time, moment - 1)) }
        var coming = spell(at: time) + 1
        while begin(of: coming) < moment {
            if isOffline(coming) {
                let last = grid(after: begin(of: coming) - 1) - intervalSeconds
                return last > time ? last : nextCheckIn(after: time)
            }
            coming += 1
        }
        return nextCheckIn(after: max(time, moment - 1))
    }

    // MARK: work

    /// When so many seconds of work are done that need the network.
    func end(ofWork seconds: Int64, from time: Int64) -> Int64 {
        guard offlineShare > 0 else { return time + seconds }
        var (now, left) = (time, seconds)
        for _ in 0..<Self.spellLimit {
            let spell = spell(at: now)
            let end = begin(of: spell + 1)
            if !isOffline(spell) {
                guard left > end - now else { return now + left }
                left -= end - now
            }
            now = end
        }
        return Self.never
    }

    /// The first moment from `time` on at which the device can report.
    func contact(from time: Int64) -> Int64 { end(ofWork: 0, from: time) }

    // MARK: grids

    private func grid(after time: Int64) -> Int64 {
        offset + (Self.floor(time - offset, intervalSeconds) + 1) * intervalSeconds
    }

    private func spell(at time: Int64) -> Int64 { Self.floor(time - spellOffset, spellSeconds) }

    private func begin(of spell: Int64) -> Int64 { spellOffset + spell * spellSeconds }

    private func isOffline(_ spell: Int64) -> Bool {
        SeededGenerator.unit(key, UInt64(bitPattern: spell) << 8 | 3) < offlineShare
    }

    private static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor)
    }
}

/// What the release does on one device in one run.
struct DeviceFate {
    let fails: Bool
    /// Nothing is heard of the device after it failed.
    let isSilent: Bool
    let downloadSeconds: Int64
    let trialSeconds: Int64
    private let key: UInt64
    private let downloadFailureRate: Double

    init(key: UInt64, failureRate: Double, imageBytes: Int64, behaviour: FleetBehaviour) {
        self.key = key
        downloadFailureRate = behaviour.downloadFailureRate
        fails = SeededGenerator.unit(key, 4) < failureRate
        isSilent = SeededGenerator.unit(key, 5) < behaviour.silentFailureShare
        // Even in the logarithm, so that as many devices are twice as fast as twice as slow.
        let power =
            (2 * SeededGenerator.unit(key, 6) - 1) * Logarithm.natural(behaviour.speedSpread)
        let speed = behaviour.medianBytesPerSecond * Logarithm.exponential(power)
        downloadSeconds = 1 + Int64(min(Double(imageBytes) / speed, 1e9))
        let trial = behaviour.trialSeconds
        trialSeconds =
            trial.lowerBound
            + Int64(SeededGenerator.unit(key, 7) * Double(trial.count))
    }
    /// When the download of this try, counted from 1, breaks for good; `nil` when it does not.
    func brokenDownloadSeconds(try number: UInt8) -> Int64? {
        let draw = UInt64(number) << 8
        guard SeededGenerator.unit(key, draw | 8) < downloadFailureRate else { return nil }
        return 1 + Int64(SeededGenerator.unit(key, draw | 9) * Double(downloadSeconds))
    }
}

internal import Model

/// What the gate and the attribution of failures count, kept up to date with each device.
///
/// Devices of paused strata count nowhere.
struct EvidenceLedger {
    private let strata: SimulatedStrata
    private let attributedClasses: Set<FailureClass>
    private var marks: [Mark]
    private var isApart: [Bool]
    private(set) var undecided = 0
    private var provenOfWave: [Int]
    private var failuresOfClass: [FailureClass: Int] = [:]
    private var provenOfStratum: [Int]
    private var failedOfStratum: [Int]
    /// In the order in which they were named.
    private(set) var paused: [Stratum] = []

    /// What one device counts as.
    enum Mark {
        /// No open wave reaches it, or the gate does not wait for it.
        case nothing
        /// It may still prove the release; perhaps it has failed before in a way that counts.
        case undecided(FailureClass?)
        case proven(wave: UInt8)
        case failed(FailureClass)
    }

    init(of simulation: RolloutSimulation) {
        let count = simulation.fleet.devices.count
        strata = simulation.strata
        attributedClasses = simulation.plan.spec.gate.attributedClasses
        marks = Array(repeating: .nothing, count: count)
        isApart = Array(repeating: false, count: count)
        provenOfWave = simulation.plan.waves.map { _ in 0 }
        provenOfStratum = strata.all.map { _ in 0 }
        failedOfStratum = provenOfStratum
    }

    // MARK: what is counted

    var proven: Int { provenOfWave.reduce(0, +) }
    var failures: FailureCounts { FailureCounts(failuresOfClass) }

    /// Those that `wave` or one before it reaches.
    func proven(upTo wave: Int) -> Int { provenOfWave[...wave].reduce(0, +) }

    /// The decided devices whose failures may be laid at the door of one kind.
    var attributed: DecidedCount {
        DecidedCount(
            proven: proven,
            failed: failuresOfClass.reduce(0) {
                attributedClasses.contains($1.key) ? $0 + $1.value : $0
            })
    }

    /// The same by stratum.
    var decided: DecidedDevices {
        var counts: [Stratum: DecidedCount] = [:]
        for (number, stratum) in strata.all.enumerated() {
            let count = DecidedCount(
                proven: provenOfStratum[number], failed: failedOfStratum[number])
            if count.decided > 0 { counts[stratum] = count }
        }
        return DecidedDevices(total: attributed, strata: counts)
    }

    func isPaused(_ device: Int) -> Bool { isApart[device] }

    // MARK: changes

    mutating func set(_ device: Int, to mark: Mark) {
        guard !isApart[device] else { return }
        count(device, -1)
        marks[device] = mark
        count(device, 1)
    }

    /// The devices of `stratum` count no more.
    mutating func pause(_ stratum: Stratum) {
        paused.append(stratum)
        guard let number = strata.number(of: stratum) else { return }
        for device in isApart.indices
        where !isApart[device] && strata.numbers(of: device).contains(number) {
            set(device, to: .nothing)
            isApart[device] = true
        }
    }

    private mutating func count(_ device: Int, _ change: Int) {
        switch marks[device] {
        case .nothing: return
        case .undecided(let kind):
            undecided += change
            if let kind { count(kind, of: device, change) }
        case .failed(let kind): count(kind, of: device, change)
        case .proven(let wave):
            provenOfWave[Int(wave)] += change
            for number in strata.numbers(of: device) { provenOfStratum[Int(number)] += change }
        }
    }

    private mutating func count(_ kind: FailureClass, of device: Int, _ change: Int) {
        failuresOfClass[kind, default: 0] += change
        guard attributedClasses.contains(kind) else { return }
        for number in strata.numbers(of: device) { failedOfStratum[Int(number)] += change }
    }
}

/// A world to be played: what a seed and a person's wishes make of it.
public struct World: Hashable, Sendable {
    public var seed: UInt64
    public var deviceCount: Int?
    public var days: Double?
    /// `nil` for a choice that follows from the seed.
    public var faults: Set<Fault>?

    public init(
        seed: UInt64, deviceCount: Int? = nil, days: Double? = nil, faults: Set<Fault>? = nil
    ) {
        self.seed = seed
        self.deviceCount = deviceCount
        self.days = days
        self.faults = faults
    }

    /// What came of it.
    public struct Report: Sendable {
        public let broken: BrokenInvariant?
        public let offerCount: Int
        public let provenCount: Int
        /// For a person: one line when everything was kept, and all that is needed when not.
        public let text: String
    }

    /// Plays the world; one that breaks a promise is played again, with fewer faults while it still
    /// breaks one.
    ///
    /// - Parameters:
    ///   - isMinimised: Whether fewer faults are tried.
    ///   - onLine: Told of everything that happens.
    public func play(
        isMinimised: Bool = true, onLine: ((String) -> Void)? = nil
    ) throws -> Report {
        let run = try simulation(isTraced: onLine != nil, onLine: onLine)
        guard let broken = run.run() else {
            return Report(run, nil, "seed \(seed): \(run.summary)")
        }
        guard isMinimised else { return Report(run, broken, "seed \(seed): \(broken)") }
        let fewest = try minimised(run.faults, breaking: broken)
        var smaller = self
        smaller.faults = fewest
        let again = try smaller.simulation(isTraced: true, onLine: nil)
        let found = again.run() ?? broken
        let trail = again.trace.last(20, about: found.devices).map { "    \($0)" }
        return Report(
            run, broken,
            """
            seed \(seed): \(broken)
              faults that it takes: \(Self.list(fewest)) (of \(Self.list(run.faults)))
              again: slipway-sim \(smaller.arguments) --verbose
              with these: \(found)
            \(trail.joined(separator: "\n"))
            """)
    }

    /// Leaves out one kind of fault after the other, as long as the same promise is still broken.
    private func minimised(
        _ faults: Set<Fault>, breaking broken: BrokenInvariant
    ) throws -> Set<Fault> {
        var fewest = faults
        for fault in faults.sorted() {
            var smaller = self
            smaller.faults = fewest.subtracting([fault])
            guard let found = try smaller.simulation(isTraced: false, onLine: nil).run(),
                found.name == broken.name
            else { continue }
            fewest.remove(fault)
        }
        return fewest
    }

    private func simulation(
        isTraced: Bool, onLine: ((String) -> Void)?
    ) throws -> FleetSimulation {
        try FleetSimulation(
            seed: seed, deviceCount: deviceCount, days: days, faults: faults, isTraced: isTraced,
            onLine: onLine)
    }

    private static func list(_ faults: Set<Fault>) -> String {
        faults.isEmpty ? "none" : faults.sorted().map(\.rawValue).joined(separator: ",")
    }

    /// As a person writes it down to play it again.
    private var arguments: String {
        "\(seed)" + (deviceCount.map { " --devices \($0)" } ?? "")
            + (days.map { " --days \($0)" } ?? "")
            + (faults.map { " --faults \(Self.list($0))" } ?? "")
    }
}

extension World.Report {
    fileprivate init(_ run: FleetSimulation, _ broken: BrokenInvariant?, _ text: String) {
        self.broken = broken
        offerCount = run.books.offersMade
        provenCount = run.books.provenCount
        self.text = text
    }
}

extension FleetSimulation {
    /// One clause for a person.
    var summary: String {
        "all promises kept: \(devices.count) devices, \(books.offersMade) offers,"
            + " \(books.provenCount) proven, \(books.answerCount) check-ins in"
            + " \(Trace.time(now))"
    }
}

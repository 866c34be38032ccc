/// How the devices of a simulation behave.
///
/// Nothing here is drawn yet: each run draws what becomes of each device. A release that fails on a
/// device fails there each time; only downloads have a new chance with each try.
public struct FleetBehaviour: Hashable, Sendable {
    /// How long a device waits between two check-ins, a fifth more or less; 1 to 86,400 s.
    public var checkInSeconds: Int64 = 300
    /// The share of all devices that is offline at any moment; 0 to 1.
    public var offlineShare = 0.0
    /// How long a device stays offline at least; spells that meet are one.
    public var offlineSpellSeconds: Int64 = 6 * 3600
    /// What half of all devices reach when they download.
    public var medianBytesPerSecond = 2_000_000.0
    /// The slowest devices download so much slower than half of them, the fastest so much faster.
    public var speedSpread = 4.0
    /// How long installing, starting and the test of health take.
    public var trialSeconds: ClosedRange<Int64> = 60...300
    /// The chance that the release fails on a device; 0 to 1.
    public var failureRate = 0.0
    /// The same for devices with one value of an attribute, where it is larger.
    public var stratumFailureRates: [Stratum: Double] = [:]
    /// The share of failing devices of which nothing is heard again; 0 to 1.
    public var silentFailureShare = 0.0
    /// The chance that one download fails, whatever became of those before; 0 to 1.
    public var downloadFailureRate = 0.0

    public init() {}

    /// Whether a run can be drawn from these numbers.
    public var isSound: Bool {
        let shares =
            [offlineShare, failureRate, silentFailureShare, downloadFailureRate]
            + Array(stratumFailureRates.values)
        return (1...86_400).contains(checkInSeconds)
            && (60...31_622_400).contains(offlineSpellSeconds)
            && medianBytesPerSecond > 0 && medianBytesPerSecond.isFinite
            && speedSpread >= 1 && speedSpread.isFinite
            && trialSeconds.lowerBound >= 0 && trialSeconds.upperBound <= 86_400
            && shares.allSatisfy { (0...1).contains($0) }
    }
}

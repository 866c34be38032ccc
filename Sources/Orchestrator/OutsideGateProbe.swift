public import Model
public import Rollouts

/// Asks somebody outside about an open wave.
public protocol OutsideGateProbe: Sendable {
    /// Asks, and waits for the answer at most as long as `check` allows.
    ///
    /// Whatever goes wrong is unknown, with a sentence that says what. Asking twice is harmless.
    func answer(_ check: OutsideCheck, about question: OutsideQuestion) async -> OutsideAnswer
}

/// What somebody outside is told of the wave that they are asked about.
public struct OutsideQuestion: Hashable, Sendable {
    public var rollout: RolloutName
    public var release: ReleaseID
    /// Counted from 0.
    public var wave: Int
    public var waveName: String
    /// When the wave opened.
    public var since: Instant
    /// Devices of the whole rollout that have proven the release.
    public var proven: Int
    /// Devices of the whole rollout that failed.
    public var failed: Int
    public var now: Instant

    public init(
        rollout: RolloutName, release: ReleaseID, wave: Int, waveName: String, since: Instant,
        proven: Int, failed: Int, now: Instant
    ) {
        self.rollout = rollout
        self.release = release
        self.wave = wave
        self.waveName = waveName
        self.since = since
        self.proven = proven
        self.failed = failed
        self.now = now
    }
}

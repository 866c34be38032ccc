/// Which mirrors are worth asking, from what became of asking them before.
///
/// A value: moments are given as time since the agent's start, which never steps.
struct MirrorMemory {
    private var mirrors: [Mirror]

    private struct Mirror {
        var failures = 0
        var avoidedUntil = Duration.zero
    }

    /// How long a mirror is left alone after it failed once; doubles with each further time.
    static let firstPause = Duration.seconds(60)
    static let longestPause = Duration.seconds(3600)
    /// How long a mirror is left alone whose bytes were not those that are signed.
    static let pauseAfterWrongBytes = Duration.seconds(21_600)

    init(mirrorCount: Int) {
        mirrors = Array(repeating: Mirror(), count: mirrorCount)
    }

    /// The mirrors to ask, in the order in which they were named.
    func worthAsking(at uptime: Duration) -> [Int] {
        mirrors.indices.filter { mirrors[$0].avoidedUntil <= uptime }
    }

    mutating func succeeded(_ mirror: Int) { mirrors[mirror] = Mirror() }

    mutating func failed(_ mirror: Int, at uptime: Duration) {
        let doublings = min(mirrors[mirror].failures, 16)
        mirrors[mirror].failures += 1
        mirrors[mirror].avoidedUntil =
            uptime + min(Self.longestPause, Self.firstPause * (1 << doublings))
    }

    mutating func gaveWrongBytes(_ mirror: Int, at uptime: Duration) {
        mirrors[mirror].avoidedUntil = uptime + Self.pauseAfterWrongBytes
    }
}

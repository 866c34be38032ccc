internal import Model
internal import Synchronization

/// The true time of the simulated world; whoever reads it may add an error of their own.
final class SimulatedClock: Sendable {
    /// When every world begins: 2027-01-15T08:00:00Z.
    static let beginning = Instant(secondsSinceEpoch: 1_800_000_000)

    private let elapsed = Mutex<Int64>(0)

    /// Since the beginning, in milliseconds.
    var milliseconds: Int64 { elapsed.withLock { $0 } }

    var now: Instant { Self.beginning.advanced(by: .milliseconds(milliseconds)) }

    /// Time never goes back.
    func advance(to milliseconds: Int64) {
        elapsed.withLock { $0 = max($0, milliseconds) }
    }
}

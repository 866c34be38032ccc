/// The clocks that measurements are taken with; only executables read them.
public struct TelemetryClock: Sendable {
    /// Since some moment; never steps.
    public let monotonicNanoseconds: @Sendable () -> UInt64
    /// Since 1970-01-01T00:00:00Z; may step.
    public let unixNanoseconds: @Sendable () -> UInt64

    public init(
        monotonicNanoseconds: @escaping @Sendable () -> UInt64,
        unixNanoseconds: @escaping @Sendable () -> UInt64
    ) {
        self.monotonicNanoseconds = monotonicNanoseconds
        self.unixNanoseconds = unixNanoseconds
    }

    public func seconds(since start: UInt64) -> Double {
        let now = monotonicNanoseconds()
        return now > start ? Double(now - start) / 1e9 : 0
    }
}

internal import Synchronization

/// What one series of a metric counts with; any thread may, and none waits for another for long.
public protocol Instrument: AnyObject, Sendable {
    init(_ description: MetricDescription)
    var value: MetricFamily.Value { get }
}

public final class Counter: Instrument {
    private let total = Atomic<UInt64>(0)

    public init(_ description: MetricDescription) {}

    public func add(_ count: Int = 1) {
        precondition(count >= 0, "a counter does not fall")
        total.wrappingAdd(UInt64(count), ordering: .relaxed)
    }

    public var value: MetricFamily.Value { .number(Double(total.load(ordering: .relaxed))) }
}

/// A number that goes up and down by what begins and ends, or that is set.
public final class Gauge: Instrument {
    private let bits = Atomic<UInt64>(0)

    public init(_ description: MetricDescription) {}

    public func set(_ number: Double) { bits.store(number.bitPattern, ordering: .relaxed) }

    public func add(_ difference: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + difference).bitPattern
            let (isExchanged, found) = bits.weakCompareExchange(
                expected: old, desired: new, ordering: .relaxed)
            if isExchanged { return }
            old = found
        }
    }

    public var value: MetricFamily.Value {
        .number(Double(bitPattern: bits.load(ordering: .relaxed)))
    }
}

public final class Histogram: Instrument {
    private let count: Mutex<HistogramCount>

    public init(_ description: MetricDescription) {
        guard case .histogram(let bounds) = description.kind else {
            preconditionFailure("\(description.name) is no histogram")
        }
        count = Mutex(HistogramCount(upperBounds: bounds))
    }

    public func observe(_ value: Double) { count.withLock { $0.observe(value) } }

    public var value: MetricFamily.Value { .histogram(count.withLock { $0 }) }
}

internal import Synchronization

/// One metric with a series for each combination of its labels.
///
/// Whatever callers pass, there are never more than ``maximumSeriesCount`` series: what comes later
/// counts under `other`, so that nobody outside can fill memory by making up values.
public final class Labelled<Series: Instrument>: MetricSource {
    private let description: MetricDescription
    private let series = Mutex<[[String]: Series]>([:])
    private let overflow: Series

    public static var maximumSeriesCount: Int { 512 }
    public static var other: String { "other" }

    public init(_ description: MetricDescription) {
        self.description = description
        overflow = Series(description)
        if description.labels.isEmpty { _ = with([]) }
    }

    /// The series with these values, in the order of the labels.
    public subscript(_ values: String...) -> Series { with(values) }

    private func with(_ values: [String]) -> Series {
        precondition(
            values.count == description.labels.count, "\(description.name) has other labels")
        return series.withLock { series in
            if let known = series[values] { return known }
            guard series.count < Self.maximumSeriesCount else {
                series[description.labels.map { _ in Self.other }] = overflow
                return overflow
            }
            let new = Series(description)
            series[values] = new
            return new
        }
    }

    public var family: MetricFamily {
        let all = series.withLock { $0 }
        let samples = all.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        return MetricFamily(
            description, samples.map { MetricFamily.Sample($0.key, $0.value.value) })
    }
}

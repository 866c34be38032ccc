/// All numbers of one metric at one moment.
public struct MetricFamily: Hashable, Sendable {
    public let description: MetricDescription
    public var samples: [Sample]

    public struct Sample: Hashable, Sendable {
        /// As many as the metric has labels, in their order.
        public let labelValues: [String]
        public let value: Value

        public init(_ labelValues: [String], _ value: Value) {
            self.labelValues = labelValues
            self.value = value
        }
    }

    public enum Value: Hashable, Sendable {
        case number(Double)
        case histogram(HistogramCount)
    }

    public init(_ description: MetricDescription, _ samples: [Sample]) {
        precondition(
            samples.allSatisfy { $0.labelValues.count == description.labels.count },
            "\(description.name) has \(description.labels.count) labels")
        self.description = description
        self.samples = samples
    }

    /// A metric with one number and no labels.
    public init(_ description: MetricDescription, _ number: Double) {
        self.init(description, [Sample([], .number(number))])
    }
}

/// How many observations fell under each bound of a histogram.
public struct HistogramCount: Hashable, Sendable {
    public let upperBounds: [Double]
    /// For each bound the observations that are under it and not under the one before; at the end
    /// those above all bounds.
    public private(set) var counts: [UInt64]
    public private(set) var sum = 0.0

    public init(upperBounds: [Double]) {
        self.upperBounds = upperBounds
        counts = Array(repeating: 0, count: upperBounds.count + 1)
    }

    public var count: UInt64 { counts.reduce(0, &+) }

    public mutating func observe(_ value: Double) {
        let place = upperBounds.firstIndex { value <= $0 } ?? upperBounds.count
        counts[place] &+= 1
        sum += value
    }
}

/// Something that numbers can be read from.
public protocol MetricSource: Sendable {
    var family: MetricFamily { get }
}

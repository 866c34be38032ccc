/// What a metric is: its name, how its numbers behave, what they mean, and what tells them apart.
public struct MetricDescription: Hashable, Sendable {
    /// How the numbers of a metric behave.
    public enum Kind: Hashable, Sendable {
        /// Only rises, from 0 when the program started.
        case counter
        /// Goes up and down.
        case gauge
        /// Counts by size; the bounds rise, and a number that is equal to one is below it.
        case histogram(upperBounds: [Double])
    }

    /// As Prometheus knows it: base units, and `_total` at the end of a counter.
    public let name: String
    public let kind: Kind
    /// One sentence.
    public let help: String
    public let labels: [String]

    /// A name or label that no metric can have is a programmer's error.
    public init(_ name: String, _ kind: Kind, _ help: String, labels: [String] = []) {
        precondition(([name] + labels).allSatisfy(Self.isName), "\(name) is not a metric's name")
        precondition(Set(labels).count == labels.count, "a label of \(name) stands twice")
        switch kind {
        case .counter: precondition(name.hasSuffix("_total"), "\(name) counts without _total")
        case .gauge: precondition(!name.hasSuffix("_total"), "\(name) is no counter")
        case .histogram(let bounds):
            precondition(!bounds.isEmpty && bounds == bounds.sorted(), "bounds of \(name) rise")
        }
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = labels
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x41...0x5a).contains($0) || (0x30...0x39).contains($0)
                || $0 == 0x5f
        }
    }
}

extension MetricDescription.Kind {
    public var word: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    /// Seconds, from a fast lookup to a request that somebody gave up on.
    public static let latency = Self.histogram(upperBounds: [
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
        2.5, 5, 10,
    ])
}

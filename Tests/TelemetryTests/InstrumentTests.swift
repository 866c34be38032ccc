import Telemetry
import Testing

/// What counts.
@Suite struct InstrumentTests {
    @Test func nothingIsLostWhenManyCountAtOnce() async {
        let counter = Labelled<Counter>(
            MetricDescription("c_total", .counter, "Counts.", labels: ["of"]))
        let gauge = Labelled<Gauge>(MetricDescription("g", .gauge, "Stands."))
        let histogram = Labelled<Histogram>(
            MetricDescription("h_seconds", .histogram(upperBounds: [1]), "Sorts."))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        counter["x"].add()
                        gauge[].add(2)
                        gauge[].add(-1)
                        histogram[].observe(0.5)
                    }
                }
            }
        }
        #expect(counter.family.samples == [.init(["x"], .number(8000))])
        #expect(gauge.family.samples == [.init([], .number(8000))])
        guard case .histogram(let count) = histogram.family.samples.first?.value else {
            Issue.record("there is no series")
            return
        }
        #expect(count.counts == [8000, 0])
        #expect(count.sum == 4000)
    }

    @Test func nobodyFillsMemoryByMakingUpLabels() {
        let counter = Labelled<Counter>(
            MetricDescription("c_total", .counter, "Counts.", labels: ["of", "by"]))
        for number in 0..<10_000 { counter["\(number)", "x"].add() }
        let samples = counter.family.samples
        #expect(samples.count == Labelled<Counter>.maximumSeriesCount + 1)
        let other = samples.first { $0.labelValues == ["other", "other"] }
        #expect(other?.value == .number(Double(10_000 - Labelled<Counter>.maximumSeriesCount)))
        // Those that were there before go on counting.
        counter["0", "x"].add()
        #expect(counter.family.samples.contains(.init(["0", "x"], .number(2))))
    }

    @Test func aFullQueueDropsItsOldest() {
        let queue = BoundedQueue<Int>(capacity: 3)
        queue.put([1, 2])
        #expect(queue.take(atMost: 1) == [1])
        queue.put([3, 4, 5, 6])
        #expect(queue.droppedCount == 2)
        #expect(queue.count == 3)
        #expect(queue.take(atMost: 9) == [4, 5, 6])
        #expect(queue.take(atMost: 9).isEmpty)
    }
}

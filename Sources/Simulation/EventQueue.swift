/// What is going to happen, by time; what is for the same moment comes in the order it was planned.
struct EventQueue<Event> {
    private struct Entry {
        let at: Int64
        let number: Int
        let event: Event

        func isBefore(_ other: Entry) -> Bool { (at, number) < (other.at, other.number) }
    }

    private var heap: [Entry] = []
    private var count = 0

    /// When the next event is, in milliseconds; `nil` when there is none.
    var nextAt: Int64? { heap.first?.at }

    mutating func add(_ event: Event, at moment: Int64) {
        heap.append(Entry(at: moment, number: count, event: event))
        count += 1
        var index = heap.count - 1
        while index > 0, heap[index].isBefore(heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popFirst() -> (at: Int64, event: Event)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return (first.at, first.event) }
        heap[0] = last
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child].isBefore(heap[least]) { least = child }
            guard least != index else { return (first.at, first.event) }
            heap.swapAt(index, least)
            index = least
        }
    }
}

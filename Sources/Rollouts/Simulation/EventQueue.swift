/// What is to happen, the earliest first; a heap.
///
/// Of two events at one moment the one with the smaller number comes first, so that a run does not
/// depend on the order in which they were put in.
struct EventQueue {
    /// The time in the upper bits, the number in the lower ones.
    private var heap: [UInt64] = []

    private static let numberBits: UInt64 = 24

    init(capacity: Int) { heap.reserveCapacity(capacity) }

    /// - Precondition: `time` is not negative, and `number` is less than 2^24.
    mutating func add(at time: Int64, _ number: Int) {
        precondition(time >= 0 && number >= 0 && number < 1 << Self.numberBits, "it fits")
        // What lies so far ahead never happens.
        guard time < 1 << 39 else { return }
        heap.append(UInt64(time) << Self.numberBits | UInt64(number))
        rise(from: heap.count - 1)
    }

    mutating func next() -> (time: Int64, number: Int)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (
            Int64(first >> Self.numberBits), Int(first & (1 << Self.numberBits - 1))
        )
    }

    private mutating func rise(from start: Int) {
        let moving = heap[start]
        var place = start
        while place > 0, case let parent = (place - 1) / 2, heap[parent] > moving {
            heap[place] = heap[parent]
            place = parent
        }
        heap[place] = moving
    }

    private mutating func sink() {
        let moving = heap[0]
        var place = 0
        while case let left = 2 * place + 1, left < heap.count {
            let right = left + 1
            let child = right < heap.count && heap[right] < heap[left] ? right : left
            guard heap[child] < moving else { break }
            heap[place] = heap[child]
            place = child
        }
        heap[place] = moving
    }
}

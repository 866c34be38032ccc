internal import Synchronization

/// Things that wait to be taken away; when there is no room, the oldest is dropped.
///
/// To put something in never waits for whoever takes it out.
public final class BoundedQueue<Element: Sendable>: Sendable {
    private struct Ring {
        var places: [Element?]
        var first = 0
        var count = 0
        var dropped = 0
    }

    private let ring: Mutex<Ring>

    public init(capacity: Int) {
        precondition(capacity > 0, "a queue has room")
        ring = Mutex(Ring(places: Array(repeating: nil, count: capacity)))
    }

    public var count: Int { ring.withLock { $0.count } }
    /// How many were dropped since the queue was made.
    public var droppedCount: Int { ring.withLock { $0.dropped } }

    public func put(_ elements: [Element]) {
        ring.withLock { ring in
            for element in elements {
                let capacity = ring.places.count
                ring.places[(ring.first + ring.count) % capacity] = element
                if ring.count == capacity {
                    ring.first = (ring.first + 1) % capacity
                    ring.dropped += 1
                } else {
                    ring.count += 1
                }
            }
        }
    }

    /// Takes out the oldest, at most so many.
    public func take(atMost maximumCount: Int) -> [Element] {
        ring.withLock { ring in
            var taken: [Element] = []
            while taken.count < maximumCount, ring.count > 0 {
                if let element = ring.places[ring.first] { taken.append(element) }
                ring.places[ring.first] = nil
                ring.first = (ring.first + 1) % ring.places.count
                ring.count -= 1
            }
            return taken
        }
    }
}

internal import Model
internal import Synchronization

/// The questions that somebody outside is thinking about, so that none is asked twice at once.
///
/// Only this process knows of them: after a restart, or on another server, asking again is harmless.
final class QuestionsUnderWay: Sendable {
    struct Key: Hashable, Sendable {
        let rollout: RolloutName
        let revision: Int64
        let check: CheckName
    }

    /// How many questions are under way at once.
    private static let maximumCount = 8

    private let keys = Mutex<Set<Key>>([])

    var all: Set<Key> { keys.withLock { $0 } }

    /// Whether the caller may ask, and has to ``end(_:)`` it.
    func begin(_ key: Key) -> Bool {
        keys.withLock { keys in
            keys.count < Self.maximumCount && keys.insert(key).inserted
        }
    }

    func end(_ key: Key) {
        keys.withLock { keys in
            guard keys.remove(key) != nil else {
                preconditionFailure("a question that ends is under way")
            }
        }
    }
}

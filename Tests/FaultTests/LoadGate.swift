import Foundation

/// Lets those who make load go on, or wait while somebody looks at the books, and counts answers.
final class LoadGate: @unchecked Sendable {
    private let condition = NSCondition()
    private var isShut = false
    private var isOver = false
    private var insideCount = 0
    private var answerCount = 0

    /// Nothing that is waited for takes longer than this, in seconds.
    private static let patience = 120.0

    struct NothingHappens: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs `body` once the gate is open; returns `false`, without it, when the run is over.
    func pass(_ body: () -> Void) -> Bool {
        condition.lock()
        while isShut, !isOver { condition.wait() }
        let goesOn = !isOver
        if goesOn { insideCount += 1 }
        condition.unlock()
        guard goesOn else { return false }
        body()
        change { insideCount -= 1 }
        return true
    }

    /// Returns once nobody is under way any more.
    func shut() throws {
        change { isShut = true }
        try wait(for: "those under way") { insideCount == 0 }
    }

    func open() { change { isShut = false } }

    /// Nobody passes any more.
    func end() throws {
        change { isOver = true }
        try wait(for: "those under way") { insideCount == 0 }
    }

    // MARK: Answers and servers

    func countAnswer() { change { answerCount += 1 } }

    /// Returns once `count` more answers have come.
    func waitForAnswers(_ count: Int) throws {
        condition.lock()
        let last = answerCount + count
        condition.unlock()
        try wait(for: "answers") { answerCount >= last }
    }

    /// Waits, outside, until `count` answers have come, or the run is over.
    func giveWay(toAnswers count: Int) {
        condition.lock()
        let last = answerCount + count
        while answerCount < last, !isOver { condition.wait() }
        condition.unlock()
    }

    /// Tells that a server has started.
    func tellOfServer() { change {} }

    /// Returns the address that `find` gives once it gives one; `nil` when the run is over.
    func waitForServer(_ find: () -> String?) -> String? {
        condition.lock()
        defer { condition.unlock() }
        while !isOver {
            if let address = find() { return address }
            condition.wait()
        }
        return nil
    }

    private func change(_ body: () -> Void) {
        condition.lock()
        body()
        condition.broadcast()
        condition.unlock()
    }

    private func wait(for what: String, _ isThere: () -> Bool) throws {
        let end = Date(timeIntervalSinceNow: Self.patience)
        condition.lock()
        defer { condition.unlock() }
        while !isThere() {
            guard condition.wait(until: end) else {
                throw NothingHappens(description: "\(what): nothing for \(Self.patience) s")
            }
        }
    }
}

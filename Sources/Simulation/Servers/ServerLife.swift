internal import Orchestrator
internal import Synchronization

/// The life of one server process, and what is to happen to it in the middle of what it does.
///
/// An effect is a transaction or a file that is written. A process that has died has no effects any
/// more, whatever its code still tries.
final class ServerLife: Sendable {
    /// Where in an effect something happens.
    enum Moment: String, CaseIterable, Sendable { case before, inside, after }

    /// What happens.
    enum Fate: Hashable, Sendable {
        /// Others go first.
        case pause
        /// The effect fails, and the process lives on.
        case fails(Moment)
        case dies(Moment)
    }

    private struct State {
        var isAlive = true
        var fate: Fate?
        /// How many effects come before that.
        var effectsLeft = 0
    }

    private let state = Mutex(State())
    private let immediately: Immediately

    init(_ immediately: Immediately) { self.immediately = immediately }

    var isAlive: Bool { state.withLock { $0.isAlive } }

    func end() { state.withLock { $0.isAlive = false } }

    func plan(_ fate: Fate, afterEffects count: Int) {
        state.withLock {
            $0.fate = fate
            $0.effectsLeft = count
        }
    }

    func forgetPlan() { state.withLock { $0.fate = nil } }

    /// - Returns: Where the effect that begins now is to fail; `nil` for nowhere.
    func beginEffect() async throws(StoreError) -> Moment? {
        let fate = nextFate()
        if fate == .pause { await immediately.pause() }
        return try moment(of: fate)
    }

    /// The same for an effect that nobody can come before.
    func beginWrite() throws(StoreError) -> Moment? { try moment(of: nextFate()) }

    private func moment(of fate: Fate?) throws(StoreError) -> Moment? {
        guard isAlive else { throw Self.gone }
        switch fate {
        case nil, .pause: return nil
        case .fails(let moment):
            if moment == .before { throw .busy }
            return moment
        case .dies(let moment):
            end()
            if moment == .before { throw Self.gone }
            return moment
        }
    }

    private func nextFate() -> Fate? {
        state.withLock { state in
            guard let fate = state.fate else { return nil }
            guard state.effectsLeft == 0 else {
                state.effectsLeft -= 1
                return nil
            }
            state.fate = nil
            return fate
        }
    }

    static let gone = StoreError.failed("the process has died")
}

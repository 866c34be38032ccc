import Model
import Orchestrator
import Rollouts
import Synchronization

/// Somebody outside who answers as a test tells them to, and remembers what they were asked.
final class FakeProbe: OutsideGateProbe {
    private struct State {
        var answers: [String: OutsideAnswer] = [:]
        var questions: [(check: String, question: OutsideQuestion)] = []
        var underWay = 0
        var mostUnderWay = 0
        var meanwhile: (@Sendable () async -> Void)?
    }

    private let state = Mutex(State())

    init(_ answers: [String: OutsideAnswer] = [:]) {
        state.withLock { $0.answers = answers }
    }

    /// What happens while somebody thinks about their answer.
    func meanwhile(_ body: @escaping @Sendable () async -> Void) {
        state.withLock { $0.meanwhile = body }
    }

    func set(_ check: String, _ answer: OutsideAnswer) {
        state.withLock { $0.answers[check] = answer }
    }

    var questions: [(check: String, question: OutsideQuestion)] {
        state.withLock { $0.questions }
    }
    var mostUnderWay: Int { state.withLock { $0.mostUnderWay } }

    func answer(_ check: OutsideCheck, about question: OutsideQuestion) async -> OutsideAnswer {
        let (answer, meanwhile) = state.withLock { state in
            state.questions.append((check.name.text, question))
            state.underWay += 1
            state.mostUnderWay = max(state.mostUnderWay, state.underWay)
            return (state.answers[check.name.text] ?? .unknown("not told"), state.meanwhile)
        }
        await meanwhile?()
        await Task.yield()
        state.withLock { $0.underWay -= 1 }
        return answer
    }
}

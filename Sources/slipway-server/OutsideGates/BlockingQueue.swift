import Foundation
internal import Synchronization

/// Threads for calls that block.
///
/// libcurl and programs keep a thread waiting until they have answered. The threads that serve
/// devices are as few as the processor has cores, so these calls have a queue of their own.
struct BlockingQueue: Sendable {
    private let queue = DispatchQueue(
        label: "slipway-server.blocking", attributes: .concurrent)

    /// Runs `body` and waits for its answer, or for the end of the task, whichever is first.
    ///
    /// A `body` that nobody waits for any more goes on until its own timeout.
    ///
    /// - Parameter endAnswer: What is answered when the task ends first.
    func run<Answer: Sendable>(
        orAtEnd endAnswer: Answer, _ body: @escaping @Sendable () -> Answer
    ) async -> Answer {
        let first = FirstAnswer<Answer>()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                first.wait(continuation)
                queue.async { first.give(body()) }
            }
        } onCancel: {
            first.give(endAnswer)
        }
    }
}

/// Hands the first of several answers to whoever waits.
private final class FirstAnswer<Answer: Sendable>: Sendable {
    private enum State {
        case nobodyWaits
        case waiting(CheckedContinuation<Answer, Never>)
        case answered(Answer)
    }

    private let state = Mutex<State>(.nobodyWaits)

    func wait(_ continuation: CheckedContinuation<Answer, Never>) {
        let early: Answer? = state.withLock { state in
            guard case .answered(let answer) = state else {
                state = .waiting(continuation)
                return nil
            }
            return answer
        }
        if let early { continuation.resume(returning: early) }
    }

    func give(_ answer: Answer) {
        let waiting: CheckedContinuation<Answer, Never>? = state.withLock { state in
            switch state {
            case .nobodyWaits:
                state = .answered(answer)
                return nil
            case .waiting(let continuation):
                state = .answered(answer)
                return continuation
            case .answered: return nil
            }
        }
        waiting?.resume(returning: answer)
    }
}

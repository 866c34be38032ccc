internal import Synchronization

/// Runs asynchronous code on the caller's thread, to its end, before it returns.
///
/// Everything that the code waits for must be done by code of its own: there is no other thread. So
/// a simulation goes through an orchestrator as through a function, and each run is the same run.
/// It may be called again from inside of what it runs.
final class Immediately: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    private let paused = Mutex<[CheckedContinuation<Void, Never>]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { jobs in jobs.append(job) }
    }

    /// Lets others do something before the code that calls this goes on.
    func pause() async {
        await withCheckedContinuation { continuation in
            paused.withLock { $0.append(continuation) }
        }
    }

    /// - Parameter meanwhile: What happens while `body` is in ``pause()``.
    func run<Answer: Sendable>(
        meanwhile: () -> Void, _ body: @escaping @Sendable () async throws -> Answer
    ) throws -> Answer {
        let answer = Box<Result<Answer, any Error>>()
        Task(executorPreference: self) {
            do {
                let value = try await body()
                answer.value.withLock { $0 = .success(value) }
            } catch { answer.value.withLock { $0 = .failure(error) } }
        }
        while true {
            if let result = answer.value.withLock({ $0 }) { return try result.get() }
            if let job = nextJob() {
                unsafe job.runSynchronously(on: asUnownedTaskExecutor())
            } else if let waiting = paused.withLock({ $0.popLast() }) {
                meanwhile()
                waiting.resume()
            } else {
                preconditionFailure("it waits for something that nobody does")
            }
        }
    }

    private func nextJob() -> UnownedJob? {
        jobs.withLock { jobs in jobs.isEmpty ? nil : jobs.removeFirst() }
    }

    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }
}

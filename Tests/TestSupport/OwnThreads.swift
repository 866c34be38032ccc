import Dispatch

/// Runs tasks on threads of their own.
///
/// Tasks of a process share as few threads as there are cores, and tests that wait for a program or
/// an answer keep them. What may not be held up by that, such as the client of a server in this very
/// process, is run `withTaskExecutorPreference(OwnThreads())`.
public final class OwnThreads: TaskExecutor {
    private let queue = DispatchQueue(label: "slipway.test.threads", attributes: .concurrent)

    public init() {}

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

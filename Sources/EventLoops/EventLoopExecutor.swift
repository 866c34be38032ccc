public import NIOCore

/// Runs tasks on an event loop, so that no thread has to wake another to answer a request.
///
/// What runs there keeps all connections of the loop waiting: nothing that blocks or takes long.
public final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    public init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // A job does not keep its executor alive; until it has run, this closure does.
        eventLoop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

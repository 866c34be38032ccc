internal import Orchestrator

/// A database that transactions run in, one after another on each thread that calls.
protocol SQLEngine: Sendable {
    /// Runs `work` alone among all writers, and commits where it returns `true`.
    ///
    /// What was committed survives a power cut. After an error nobody may be told that anything was
    /// stored; where a connection was lost while it committed, it may have been all the same.
    func write(
        _ work: (any SQLConnection) throws(StoreError) -> Bool
    ) throws(StoreError)

    /// Runs `work` on one snapshot, which is not older than the call.
    func read(_ work: (any SQLConnection) -> Void) throws(StoreError)
}

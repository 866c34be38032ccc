public import Model

/// A server process, as it stands in the lease.
public struct SteppingServer: Hashable, Sendable {
    /// Made at random when the process starts, so that nobody else ever has it.
    public let id: Nonce
    /// What people call it.
    public let name: String
    /// By which another process on the same machine sees that this one has ended; may be empty.
    public let process: String

    public init(id: Nonce, name: String, process: String) {
        self.id = id
        self.name = name
        self.process = process
    }
}

/// The right of one server to do what only one does at a time: a fencing token.
///
/// Whatever is done by it asks, in the transaction that changes something, whether the lease is
/// still this one. Who was paused and does not know that another took over changes nothing.
public struct SteppingRight: Hashable, Sendable {
    public let holder: Nonce
    public let epoch: Int64

    public init(holder: Nonce, epoch: Int64) {
        self.holder = holder
        self.epoch = epoch
    }
}

/// Which server steps rollouts; there is one for all servers on a database.
///
/// It has no time in it: clocks of machines differ, and are set. Who looks at it measures with a
/// clock of its own for how long it has not changed.
public struct SteppingLease: Hashable, Sendable {
    /// Rises each time that the lease changes hands, and never falls.
    public var epoch: Int64
    /// `nil` when the last one has given it up.
    public var holder: SteppingServer?
    /// Rises while the holder is alive.
    public var beat: Int64

    public init(epoch: Int64, holder: SteppingServer?, beat: Int64) {
        self.epoch = epoch
        self.holder = holder
        self.beat = beat
    }

    public var right: SteppingRight? {
        holder.map { SteppingRight(holder: $0.id, epoch: epoch) }
    }
}

public protocol SteppingReader {
    /// `nil` before the first server.
    func steppingLease() throws -> SteppingLease?
}

public protocol SteppingWriter {
    func save(_ lease: SteppingLease) throws
}

extension SteppingReader {
    /// Whether the right is good in this transaction.
    func isGood(_ right: SteppingRight) throws -> Bool { try steppingLease()?.right == right }
}

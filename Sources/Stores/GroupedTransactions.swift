internal import Audit
internal import Orchestrator

/// What every store on SQL does with bodies, whatever the engine.
struct GroupedTransactions: Sendable {
    /// As many as keep a small machine busy while one waits for the disk.
    static let readerCount = 3
    /// Readers for whole fleets; more would only take turns.
    static let fleetReaderCount = 1

    private let writes: WriteGroups
    private let reads: ReadGroups
    private let fleetReads: ReadGroups

    init(_ engine: any SQLEngine) {
        writes = WriteGroups(engine)
        reads = ReadGroups(
            engine, readerCount: Self.readerCount, patience: WaitingLine.standardPatience)
        // Each may well take long.
        fleetReads = ReadGroups(
            engine, readerCount: Self.fleetReaderCount, patience: nil)
    }

    var depth: StoreDepth {
        StoreDepth(
            writes: writes.waitingCount, reads: reads.waitingCount,
            fleetReads: fleetReads.waitingCount)
    }

    func read<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            reads.submit(WaitingBody({ try body($0) }, continuation))
        }
    }

    func readFleet<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            fleetReads.submit(WaitingBody({ try body($0) }, continuation))
        }
    }

    /// - Parameter pen: Each body writes the log with its own.
    func write<Answer: Sendable>(
        with pen: AuditPen, _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            writes.submit(
                WaitingBody(
                    {
                        try body(
                            SQLTransaction(connection: $0.connection, trail: AuditTrail(pen)))
                    }, continuation))
        }
    }
}

/// How many bodies wait for their turn.
public struct StoreDepth: Hashable, Sendable {
    public let writes: Int
    public let reads: Int
    public let fleetReads: Int
}

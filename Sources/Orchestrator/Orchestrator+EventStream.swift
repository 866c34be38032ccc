extension Orchestrator {
    /// The most events that a stream holds in memory.
    public static let streamPageCount = 200

    /// Where a stream begins: after the event with this number, or after all that there are.
    ///
    /// - Throws: ``Refusal/conflict(_:)`` for a number that is yet to come, as a client has it after
    ///   the server's database was put back: it would wait for ever, and hear nothing.
    public func streamBeginning(after number: Int64?) async throws(Refusal) -> Int64 {
        let newest = try await read { try $0.newestEventNumber() }
        guard let number else { return newest }
        guard number <= newest else {
            throw .conflict("there is no event \(number) here; the newest is \(newest)")
        }
        return number
    }
}

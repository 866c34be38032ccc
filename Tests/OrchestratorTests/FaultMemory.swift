import Model
import Orchestrator
import Wire

/// What devices were told, to be compared with what is explained of it later (promise P6).
struct FaultMemory {
    private struct Told {
        let device: DeviceID
        let at: Instant
        /// The rollout whose offer it was told; `nil` for none.
        let rollout: String?
        let what: String
    }

    private var told: [Told] = []
    private var latest: Instant?
    private(set) var comparedCount = 0

    /// Forgets moments that come again: what is explained is a whole second.
    mutating func clockMoved(to now: Instant) {
        told.removeAll { $0.at >= now }
    }

    /// - Parameter opened: The rollout that made an offer in the event.
    mutating func remember(
        _ event: FaultEvent, opened: String?, in books: FaultBooks
    ) throws {
        defer { latest = max(latest ?? event.at, event.at) }
        // Only moments in which nothing else has happened.
        guard latest.map({ $0 < event.at }) ?? true, let said = event.checkIn,
            let directive = event.directive
        else { return }
        switch (said.phase, directive.order) {
        // A check-in that ends an offer is not asked for another.
        case (_, .offer(let offer)):
            remember(event, said, offer.unverified.rollout.text)
        case (.idle, nil):
            let ended = try books.shell.number(
                "SELECT count(*) FROM offers WHERE device = '\(said.device)'"
                    + " AND (outcome = 'open' OR decided_s = \(event.at.secondsSinceEpoch)"
                    + " AND outcome = 'proven')")
            if ended == 0 { remember(event, said, nil) }
        case (_, nil), (_, .cancel), (_, .retire): break
        }
    }

    private mutating func remember(
        _ event: FaultEvent, _ said: FaultEvent.SaidByDevice, _ rollout: String?
    ) {
        told.append(
            Told(device: said.device, at: event.at, rollout: rollout, what: event.what))
    }

    /// Asks about some of what is remembered.
    mutating func check(
        _ orchestrator: Orchestrator, _ random: inout SeededGenerator, sampleCount: Int
    ) async throws {
        for told in told.shuffled(using: &random).prefix(sampleCount) {
            let explained = try await orchestrator.explain(told.device, at: told.at)
            comparedCount += 1
            guard Self.offered(by: explained) == told.rollout else {
                throw BrokenPromise(
                    "P6: at \(told.at) \(told.what); explained as \(explained.conclusion):"
                        + " \(explained.rollouts.map { "\($0.rollout) \($0.ruling)" })")
            }
        }
    }

    /// The rollout whose offer the explanation tells of.
    private static func offered(by explanation: DeviceExplanation) -> String? {
        let parts = explanation.conclusion.split(separator: ": ", maxSplits: 1)
        guard parts.count == 2,
            parts[1].hasPrefix("it is offered") || parts[1].hasPrefix("it has been offered")
        else { return nil }
        return String(parts[0])
    }
}

extension FaultBooks {
    func checkMemory(
        _ orchestrator: Orchestrator, _ random: inout SeededGenerator, sampleCount: Int = 3
    ) async throws {
        try checkNothingIsLost()
        try await memory.check(orchestrator, &random, sampleCount: sampleCount)
    }
}

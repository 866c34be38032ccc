internal import Audit
public import Model
internal import Rollouts
internal import Wire

/// One event on its way to one web hook.
public struct WebHookDelivery: Hashable, Sendable {
    public var hook: WebHookID
    public var url: String
    public var secret: String
    /// Whether the address may be in a private network.
    public var isTrusted: Bool
    public var event: NumberedEvent
    /// Failures of the same event before; a bookkeeper that knows of others comes too late.
    public var failures: Int
    /// Whether it is a dead letter that somebody asked for.
    public var isDeadLetter: Bool

    /// What is sent; the same for every try.
    public var body: [UInt8] { event.summary.bytes }
}

/// What became of a delivery.
public enum WebHookOutcome: Hashable, Sendable {
    /// The address has taken it.
    case delivered
    /// The address is there and does not want this event.
    case refused(String)
    case failed(String)
}

/// Deliveries go out at least once, and in order for each web hook.
///
/// Where a web hook stands moves on only after its address has said that it took the event. Whoever
/// is killed in between sends the event again, and loses none.
///
/// The server that steps delivers. One that was paused and does not know that another does makes a
/// repeat and no more: where a web hook stands is moved only by whoever knows where it stood.
extension Orchestrator {
    /// How many events may lie between a web hook's position and the newest before it is moved past
    /// those that it does not want.
    private static let passedOver: Int64 = 1000

    /// What is to be delivered now: at most one event for each web hook.
    public func dueDeliveries() async throws(Refusal) -> [WebHookDelivery] {
        let moment = now()
        let (due, idle) = try await read { store in
            var due: [WebHookDelivery] = []
            var idle: [WebHookID] = []
            let newest = try store.newestEventNumber()
            for hook in try store.webHooks() {
                if let delivery = try delivery(for: hook, store, at: moment) {
                    due.append(delivery)
                } else if hook.trouble == nil, hook.position + Self.passedOver < newest {
                    idle.append(hook.id)
                }
            }
            return (due, idle)
        }
        if !idle.isEmpty { try await passOver(idle) }
        return due
    }

    /// What is to be delivered to one web hook now.
    public func dueDelivery(for id: WebHookID) async throws(Refusal) -> WebHookDelivery? {
        let moment = now()
        return try await read { store in
            try store.webHook(id).flatMap { try delivery(for: $0, store, at: moment) }
        }
    }

    private func delivery(
        for hook: WebHookRecord, _ store: any StoreReader, at moment: Instant
    ) throws -> WebHookDelivery? {
        if let trouble = hook.trouble {
            // A pause that a clock promises which was set back since is over.
            let longest = WebHookRetry.pause(afterFailures: trouble.failures, luck: 0)
            guard trouble.next <= moment || trouble.next > moment.advanced(by: longest) else {
                return nil
            }
        }
        func delivery(_ event: NumberedEvent, isDeadLetter: Bool) -> WebHookDelivery {
            WebHookDelivery(
                hook: hook.id, url: hook.url, secret: hook.secret,
                isTrusted: trusts(webHook: hook.url), event: event,
                failures: hook.trouble?.failures ?? 0, isDeadLetter: isDeadLetter)
        }
        // While the address is away, what is next in order shows when it is back.
        if hook.trouble == nil, let letter = try store.wantedDeadLetter(of: hook.id) {
            return delivery(letter.event, isDeadLetter: true)
        }
        return try store.nextEvent(after: hook.position, of: hook.kinds).map {
            delivery($0, isDeadLetter: false)
        }
    }

    /// Moves web hooks past events that they do not want, so that nobody looks at them again.
    private func passOver(_ hooks: [WebHookID]) async throws(Refusal) {
        try await write(as: .server, at: now()) { store in
            let newest = try store.newestEventNumber()
            for id in hooks {
                guard var hook = try store.webHook(id),
                    try store.nextEvent(after: hook.position, of: hook.kinds) == nil
                else { continue }
                hook.position = newest
                try store.save(hook)
            }
        }
    }

    /// Writes down what became of a delivery.
    ///
    /// - Parameter luck: From 0 to 1000, at random.
    public func book(
        _ outcome: WebHookOutcome, of delivery: WebHookDelivery, luck: Int
    ) async throws(Refusal) {
        let moment = now()
        try await write(as: .server, at: moment) { store in
            // Somebody may have removed the web hook, or booked the same delivery, meanwhile.
            guard let hook = try store.webHook(delivery.hook) else { return }
            if delivery.isDeadLetter {
                try bookLetter(outcome, of: delivery, store, at: moment)
            } else if hook.position < delivery.event.number,
                hook.trouble?.failures ?? 0 == delivery.failures
            {
                try book(outcome, of: delivery, for: hook, luck: luck, store, at: moment)
            }
        }
    }

    private func book(
        _ outcome: WebHookOutcome, of delivery: WebHookDelivery, for hook: WebHookRecord,
        luck: Int, _ store: any StoreWriter, at moment: Instant
    ) throws {
        var hook = hook
        guard let problem = outcome.problem else {
            hook.position = delivery.event.number
            hook.trouble = nil
            return try store.save(hook)
        }
        let failures = delivery.failures + 1
        let since = hook.trouble?.since ?? moment
        let givesUp = WebHookRetry.givesUp(
            afterFailures: failures, since: since, now: moment, isRefusal: outcome.isRefusal,
            deadLetters: try store.deadLetterCount(of: hook.id))
        if givesUp {
            try store.save(
                DeadLetterRecord(
                    hook: hook.id, event: delivery.event, at: moment, attempts: failures,
                    problem: problem, isWanted: false))
            hook.position = delivery.event.number
            hook.trouble = nil
        } else {
            hook.trouble = WebHookRecord.Trouble(
                failures: failures, since: since,
                next: moment.advanced(by: WebHookRetry.pause(afterFailures: failures, luck: luck)),
                problem: problem)
        }
        try store.save(hook)
    }

    /// A dead letter is tried once each time that somebody asks for it.
    private func bookLetter(
        _ outcome: WebHookOutcome, of delivery: WebHookDelivery, _ store: any StoreWriter,
        at moment: Instant
    ) throws {
        let number = delivery.event.number
        guard var letter = try store.deadLetter(of: delivery.hook, event: number) else { return }
        guard let problem = outcome.problem else {
            return try store.removeDeadLetter(of: delivery.hook, event: number)
        }
        letter.isWanted = false
        letter.attempts += 1
        letter.at = moment
        letter.problem = problem
        try store.save(letter)
    }
}

extension WebHookOutcome {
    /// The longest account of what went wrong, in bytes.
    private static let problemByteCount = 500

    fileprivate var problem: String? {
        switch self {
        case .delivered: nil
        case .refused(let problem), .failed(let problem):
            String(decoding: problem.utf8.prefix(Self.problemByteCount), as: UTF8.self)
        }
    }

    fileprivate var isRefusal: Bool {
        switch self {
        case .refused: true
        case .delivered, .failed: false
        }
    }
}

internal import Audit
public import Model
internal import Rollouts
public import Wire

extension Orchestrator {
    /// The most web hooks of one server.
    public static let maximumWebHookCount = 100

    /// Adds a web hook, which is told of what happens from now on.
    ///
    /// - Throws: ``Refusal/invalid(_:)`` for an address that the server may not call.
    public func addWebHook(
        _ request: WebHookRequest, by author: OperatorName, once key: RequestKey? = nil
    ) async throws(Refusal) -> WebHookSummary {
        guard mayCall(request.url) else {
            throw .invalid(
                "a web hook is at an https address without user and fragment, or at or below"
                    + " one of this server's setting webhooks")
        }
        let (id, made): (Nonce, String)
        do { (id, made) = (try makeNonce(), "\(try makeNonce())\(try makeNonce())") } catch {
            throw .signing("\(error)")
        }
        let moment = now()
        return try await write(as: .operator(author), at: moment, once: key) { store in
            guard try store.webHooks().count < Self.maximumWebHookCount else {
                throw Refusal.conflict(
                    "there are \(Self.maximumWebHookCount) web hooks already; remove one first")
            }
            guard let id = WebHookID("wh-\(id.text.prefix(12))") else {
                preconditionFailure("a nonce is made of what names are made of")
            }
            let hook = WebHookRecord(
                id: id, url: request.url,
                kinds: Set(request.kinds.isEmpty ? EventKind.allCases : request.kinds),
                secret: request.secret ?? made, author: author, created: moment,
                position: try store.newestEventNumber(), trouble: nil)
            try store.save(hook)
            try store.add(
                EventRecord(
                    at: moment, device: nil, rollout: nil,
                    what: "web hook \(id) added by \(author)"))
            return hook.summary(deadLetters: 0, withSecret: true)
        }
    }

    /// What is listed is called whatever it is; everything else only where it says who it is.
    private func mayCall(_ url: String) -> Bool {
        OutsideAddress(url) != nil && (trusts(webHook: url) || url.hasPrefix("https://"))
    }

    /// Whether somebody who runs the server has named the address: it may be in a private network.
    func trusts(webHook url: String) -> Bool {
        guard let address = OutsideAddress(url) else { return false }
        return settings.trustedWebHooks.contains { address.isAtOrBelow($0) }
    }

    public func webHooks() async throws(Refusal) -> ListAnswer<WebHookSummary> {
        try await read { store in
            ListAnswer(
                items: try store.webHooks().map {
                    $0.summary(deadLetters: try store.deadLetterCount(of: $0.id))
                })
        }
    }

    public func webHook(_ id: WebHookID) async throws(Refusal) -> WebHookSummary {
        try await read { store in
            try Self.existing(id, store).summary(deadLetters: store.deadLetterCount(of: id))
        }
    }

    public func removeWebHook(
        _ id: WebHookID, by operator: OperatorName
    ) async throws(Refusal) {
        let moment = now()
        try await write(as: .operator(`operator`), at: moment) { store in
            _ = try Self.existing(id, store)
            try store.removeWebHook(id)
            try store.add(
                EventRecord(
                    at: moment, device: nil, rollout: nil,
                    what: "web hook \(id) removed by \(`operator`)"))
        }
    }

    /// The dead letters after the event with this number, the oldest first.
    public func deadLetters(
        of id: WebHookID, after number: Int64, limit: Int = PageLimit.standard
    ) async throws(Refusal) -> ListAnswer<DeadLetter> {
        try await read { store in
            _ = try Self.existing(id, store)
            let letters = try store.deadLetters(of: id, after: number, limit: limit)
            return ListAnswer(
                items: letters.map(\.answer),
                next: letters.count == limit ? letters.last.map { "\($0.event.number)" } : nil)
        }
    }

    /// Lets dead letters be delivered once more: one of them, or all.
    public func redeliver(
        _ request: RedeliveryRequest, of id: WebHookID, by operator: OperatorName
    ) async throws(Refusal) -> Redelivery {
        let moment = now()
        return try await write(as: .operator(`operator`), at: moment) { store in
            _ = try Self.existing(id, store)
            let count: Int
            if let number = request.number {
                guard var letter = try store.deadLetter(of: id, event: number) else {
                    throw Refusal.unknown("event \(number) is no dead letter of web hook \(id)")
                }
                letter.isWanted = true
                try store.save(letter)
                count = 1
            } else {
                count = try store.wantDeadLetters(of: id)
            }
            try store.add(
                EventRecord(
                    at: moment, device: nil, rollout: nil,
                    what: "\(count) dead letters of web hook \(id) go out again (\(`operator`))"))
            return Redelivery(count: count)
        }
    }

    static func existing(
        _ id: WebHookID, _ store: any StoreReader
    ) throws -> WebHookRecord {
        guard let hook = try store.webHook(id) else {
            throw Refusal.unknown("there is no web hook called \(id)")
        }
        return hook
    }
}

extension WebHookRecord {
    func summary(deadLetters: Int, withSecret: Bool = false) -> WebHookSummary {
        WebHookSummary(
            id: id, url: url, kinds: EventKind.allCases.filter { kinds.contains($0) },
            author: author, created: created, position: position,
            failures: trouble?.failures ?? 0, problem: trouble?.problem, deadLetters: deadLetters,
            secret: withSecret ? secret : nil)
    }
}

extension DeadLetterRecord {
    fileprivate var answer: DeadLetter {
        DeadLetter(event: event.summary, at: at, attempts: attempts, problem: problem)
    }
}

internal import Audit
public import Model
internal import Trust
internal import Wire

/// Names one request that creates something, so that sending it again creates nothing more.
public struct RequestKey: Hashable, Sendable {
    /// Chosen by whoever asks: 1 to 64 letters, digits and `.`, `_`, `:`, `-`.
    public var key: String
    public var by: OperatorName
    /// Of the method, the path and the body: another request under the same key is a mistake.
    public var request: Digest

    public init(key: String, by: OperatorName, request: Digest) {
        self.key = key
        self.by = by
        self.request = request
    }

    public static func isKey(_ text: String) -> Bool {
        (1...NameRule.maximumByteCount).contains(text.utf8.count)
            && text.utf8.allSatisfy { NameRule.allows($0) }
    }
}

/// What a request was answered, kept for as long as it may be sent again.
public struct AnsweredRequest: Hashable, Sendable {
    public var key: RequestKey
    public var answer: [UInt8]
    public var at: Instant

    public init(key: RequestKey, answer: [UInt8], at: Instant) {
        self.key = key
        self.answer = answer
        self.at = at
    }
}

public protocol AnsweredRequestReader {
    func answeredRequest(_ key: String, by: OperatorName) throws -> AnsweredRequest?
}

public protocol AnsweredRequestWriter {
    func add(_ answered: AnsweredRequest) throws
    func removeAnsweredRequests(before moment: Instant) throws
}

extension Orchestrator {
    /// - Parameter request: Method and path.
    public func requestKey(
        _ key: String, by operator: OperatorName, request: String, _ body: [UInt8]
    ) -> RequestKey {
        RequestKey(
            key: key, by: `operator`,
            request: cryptography.hashing.sha256(Array("\(request)\n".utf8) + body))
    }

    /// How long an answer is kept.
    public static let answersKept = Duration.seconds(86_400)

    /// The longest answer that is kept, in bytes.
    private static let answerLimitBytes = 4_194_304

    /// Does what `body` does, or answers as the same request was answered before.
    ///
    /// Effect and answer are stored in one transaction, so a server that is killed leaves both or
    /// neither. Transactions happen one after another: a request that is sent again while the first
    /// is under way waits for it, and is answered the same. A refusal is not kept, for nothing was
    /// done.
    ///
    /// - Parameter key: `nil` to do it whatever was done before.
    /// - Throws: ``Refusal/invalid(_:)`` when the key came with another request.
    func write<Answer: WireMessage>(
        as actor: AuditActor, at moment: Instant, once key: RequestKey?,
        _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws(Refusal) -> Answer {
        guard let key else { return try await write(as: actor, at: moment, body) }
        return try await write(as: actor, at: moment) { store in
            try store.removeAnsweredRequests(
                before: moment.advanced(by: .zero - Self.answersKept))
            if let before = try store.answeredRequest(key.key, by: key.by) {
                guard before.key.request == key.request else {
                    throw Refusal.invalid(
                        "the Idempotency-Key \(key.key) came with another request before")
                }
                return try Answer(parsing: before.answer, limitBytes: Self.answerLimitBytes)
            }
            let answer = try body(store)
            try store.add(AnsweredRequest(key: key, answer: answer.bytes, at: moment))
            return answer
        }
    }
}

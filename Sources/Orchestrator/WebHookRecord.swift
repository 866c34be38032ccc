public import Model
public import Wire

/// An address that is told of events, and how far it has been told.
public struct WebHookRecord: Hashable, Sendable {
    public var id: WebHookID
    public var url: String
    /// Never empty.
    public var kinds: Set<EventKind>
    /// Signs what is delivered, so it is kept as it is.
    public var secret: String
    public var author: OperatorName
    public var created: Instant
    /// All events up to this number are delivered, passed over, or dead letters.
    public var position: Int64
    /// What keeps the next event from being delivered; `nil` when nothing does.
    public var trouble: Trouble?

    public struct Trouble: Hashable, Sendable {
        /// Of the same event, one after another.
        public var failures: Int
        /// When the first of them was.
        public var since: Instant
        /// When the next try is.
        public var next: Instant
        /// What went wrong the last time.
        public var problem: String

        public init(failures: Int, since: Instant, next: Instant, problem: String) {
            self.failures = failures
            self.since = since
            self.next = next
            self.problem = problem
        }
    }

    public init(
        id: WebHookID, url: String, kinds: Set<EventKind>, secret: String, author: OperatorName,
        created: Instant, position: Int64, trouble: Trouble?
    ) {
        self.id = id
        self.url = url
        self.kinds = kinds
        self.secret = secret
        self.author = author
        self.created = created
        self.position = position
        self.trouble = trouble
    }
}

/// An event that could not be delivered to one web hook.
public struct DeadLetterRecord: Hashable, Sendable {
    public var hook: WebHookID
    public var event: NumberedEvent
    /// When it was given up.
    public var at: Instant
    public var attempts: Int
    public var problem: String
    /// Whether somebody has asked for it to be delivered once more.
    public var isWanted: Bool

    public init(
        hook: WebHookID, event: NumberedEvent, at: Instant, attempts: Int, problem: String,
        isWanted: Bool
    ) {
        self.hook = hook
        self.event = event
        self.at = at
        self.attempts = attempts
        self.problem = problem
        self.isWanted = isWanted
    }
}

public protocol WebHookReader {
    /// All of them, by id.
    func webHooks() throws -> [WebHookRecord]
    func webHook(_ id: WebHookID) throws -> WebHookRecord?
    /// The first event of one of the kinds after the one with this number.
    func nextEvent(after number: Int64, of kinds: Set<EventKind>) throws -> NumberedEvent?
    /// Those after the event with this number, by number.
    func deadLetters(
        of hook: WebHookID, after number: Int64, limit: Int
    ) throws -> [DeadLetterRecord]
    func deadLetter(of hook: WebHookID, event number: Int64) throws -> DeadLetterRecord?
    func deadLetterCount(of hook: WebHookID) throws -> Int
    /// The first that somebody has asked for.
    func wantedDeadLetter(of hook: WebHookID) throws -> DeadLetterRecord?
}

public protocol WebHookWriter {
    /// Adds the web hook or replaces it.
    func save(_ hook: WebHookRecord) throws
    /// Removes it with its dead letters.
    func removeWebHook(_ id: WebHookID) throws
    /// Adds the letter or replaces it.
    func save(_ letter: DeadLetterRecord) throws
    func removeDeadLetter(of hook: WebHookID, event number: Int64) throws
    /// Asks for all dead letters of the web hook once more.
    ///
    /// - Returns: How many.
    func wantDeadLetters(of hook: WebHookID) throws -> Int
}

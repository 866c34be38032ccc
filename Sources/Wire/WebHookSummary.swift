public import JSON
public import Model

/// An address that is told of events, as the management interface tells it.
public struct WebHookSummary: WireMessage {
    public var id: WebHookID
    public var url: String
    /// What it is told of; never empty.
    public var kinds: [EventKind]
    public var author: OperatorName
    public var created: Instant
    /// All events up to this number are delivered, passed over, or dead letters.
    public var position: Int64
    /// How often the event after them could not be delivered.
    public var failures: Int
    /// Why, the last time.
    public var problem: String?
    public var deadLetters: Int
    /// What signs the deliveries; only in the answer to whoever added the web hook.
    public var secret: String?

    public init(
        id: WebHookID, url: String, kinds: [EventKind], author: OperatorName, created: Instant,
        position: Int64, failures: Int, problem: String?, deadLetters: Int, secret: String?
    ) {
        self.id = id
        self.url = url
        self.kinds = kinds
        self.author = author
        self.created = created
        self.position = position
        self.failures = failures
        self.problem = problem
        self.deadLetters = deadLetters
        self.secret = secret
    }

    public var json: JSONObject {
        JSONObject(present: [
            ("id", .text(id)), ("url", .string(url)), ("kinds", kinds.json),
            ("author", .text(author)), ("created", .text(created)),
            ("position", .integer(position)), ("failures", .integer(Int64(failures))),
            ("problem", .text(problem)), ("dead_letters", .integer(Int64(deadLetters))),
            ("secret", .text(secret)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        id = try fields.name("id")
        url = try fields.string("url")
        kinds = try fields.eventKinds("kinds")
        author = try fields.name("author")
        created = try fields.instant("created")
        position = try fields.integer("position", in: 0...Int64.max)
        failures = try fields.count("failures")
        problem = try fields.optionalString("problem")
        deadLetters = try fields.count("dead_letters")
        secret = try fields.optionalString("secret")
    }
}

/// Asks that an address be told of events.
public struct WebHookRequest: WireMessage {
    public var url: String
    /// Empty for all.
    public var kinds: [EventKind]
    /// 16 to 128 visible ASCII characters; `nil` to have one made.
    public var secret: String?

    public init(url: String, kinds: [EventKind], secret: String?) {
        self.url = url
        self.kinds = kinds
        self.secret = secret
    }

    public var json: JSONObject {
        JSONObject(present: [
            ("url", .string(url)), ("kinds", kinds.json), ("secret", .text(secret)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["url", "kinds", "secret"])
        url = try fields.string("url", maximumByteCount: 4096)
        kinds = try fields.eventKinds("kinds")
        secret = try fields.optionalString("secret")
        guard secret.map(Self.isSecret) ?? true else {
            throw fields.refused("secret", "16 to 128 visible ASCII characters without spaces")
        }
    }

    private static func isSecret(_ text: String) -> Bool {
        (16...128).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    }
}

/// An event that could not be delivered, and is kept until somebody asks for it again.
public struct DeadLetter: WireMessage {
    public var event: EventSummary
    /// When it was given up.
    public var at: Instant
    public var attempts: Int
    /// What went wrong the last time.
    public var problem: String

    public init(event: EventSummary, at: Instant, attempts: Int, problem: String) {
        self.event = event
        self.at = at
        self.attempts = attempts
        self.problem = problem
    }

    public var json: JSONObject {
        JSONObject([
            ("event", .object(event.json)), ("at", .string("\(at)")),
            ("attempts", .integer(Int64(attempts))), ("problem", .string(problem)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        event = try EventSummary(fields.object("event"))
        at = try fields.instant("at")
        attempts = try fields.count("attempts")
        problem = try fields.string("problem")
    }
}

/// Asks that dead letters be delivered once more.
public struct RedeliveryRequest: WireMessage {
    /// The event's; `nil` for all.
    public var number: Int64?

    public init(number: Int64?) { self.number = number }

    public var json: JSONObject {
        JSONObject(present: [("number", number.map { .integer($0) })])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["number"])
        number = try fields.optionalInteger("number", in: 0...Int64.max)
    }
}

/// How many dead letters are delivered once more.
public struct Redelivery: WireMessage {
    public var count: Int

    public init(count: Int) { self.count = count }

    public var json: JSONObject { JSONObject([("count", .integer(Int64(count)))]) }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        count = try fields.count("count")
    }
}

extension [EventKind] {
    fileprivate var json: JSONValue { .array(map { .string($0.rawValue) }) }
}

extension JSONFields {
    fileprivate func eventKinds(_ member: String) throws(JSONShapeError) -> [EventKind] {
        var kinds: [EventKind] = []
        for word in try strings(member, maximumCount: 16) {
            guard let kind = EventKind(rawValue: word) else {
                throw refused(member, EventKind.allCases.map(\.rawValue).joined(separator: ", "))
            }
            if !kinds.contains(kind) { kinds.append(kind) }
        }
        return kinds
    }
}

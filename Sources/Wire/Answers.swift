public import JSON
public import Model

/// A list, or one page of it, as the management interface answers it.
public struct ListAnswer<Item: WireMessage>: WireMessage {
    public var items: [Item]
    /// Where the next page begins, to be repeated as `after`; `nil` on the last page.
    ///
    /// A page may have fewer items than were asked for, even none, and still be followed by another.
    public var next: String?

    /// The most items in one answer.
    public static var maximumCount: Int { 1_000_000 }

    public init(items: [Item], next: String? = nil) {
        self.items = items
        self.next = next
    }

    public var json: JSONObject {
        JSONObject(present: [("items", .list(items)), ("next", .text(next))])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        items = try fields.messages("items", maximumCount: Self.maximumCount)
        next = try fields.optionalString("next")
    }
}

/// Why a request was refused; the body of every answer that is not a success.
public struct ErrorAnswer: WireMessage {
    /// One sentence for a person.
    public var error: String
    /// By what name the request stands in the server's log; `nil` where it got none.
    public var requestID: String?

    public init(error: String, requestID: String? = nil) {
        self.error = error
        self.requestID = requestID
    }

    public var json: JSONObject {
        JSONObject(
            [("error", .string(error))] + (requestID.map { [("request_id", .string($0))] } ?? []))
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        error = try fields.string("error", maximumByteCount: 65_536)
        requestID = try fields.optionalString("request_id")
    }
}

/// One kind of devices: those with this value of an attribute.
public struct StratumRequest: WireMessage {
    public var attribute: String
    public var value: String

    public init(attribute: String, value: String) {
        self.attribute = attribute
        self.value = value
    }

    public var json: JSONObject {
        JSONObject([("attribute", .string(attribute)), ("value", .string(value))])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["attribute", "value"])
        attribute = try fields.string("attribute")
        value = try fields.string("value")
    }
}

/// Which failures are meant; none for all.
public struct RetryRequest: WireMessage {
    public var classes: [FailureClass]

    public init(classes: [FailureClass]) { self.classes = classes }

    public var json: JSONObject {
        JSONObject([("classes", .array(classes.map { .string($0.rawValue) }))])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["classes"])
        classes = []
        for word in try fields.strings("classes", maximumCount: 100) {
            guard let kind = FailureClass(rawValue: word) else {
                throw fields.refused("classes", "classes of failures")
            }
            classes.append(kind)
        }
    }
}

/// The one release that a device may have, or a rollout goes back to.
public struct ReleaseRequest: WireMessage {
    /// `nil` where there is a default.
    public var release: ReleaseID?

    public init(release: ReleaseID?) { self.release = release }

    public var json: JSONObject { JSONObject(present: [("release", .text(release))]) }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["release"])
        release = try fields.optionalRelease("release")
    }
}

/// Which key a device that was reset may enrol again with.
public struct KeyRequest: WireMessage {
    /// `nil` for 32 bytes that can be no key.
    public var key: Ed25519PublicKey?

    public init(key: Ed25519PublicKey) { self.key = key }

    public var json: JSONObject {
        JSONObject(present: [("public_key", key.map { .string($0.hex) })])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["public_key"])
        let bytes = try fields.hex("public_key", maximumByteCount: 32)
        guard bytes.count == 32 else {
            throw fields.refused("public_key", "64 lower-case hexadecimal digits")
        }
        key = Ed25519PublicKey(bytes: bytes)
    }
}

/// Why a device is held.
public struct HoldRequest: WireMessage {
    public var reason: String

    public init(reason: String) { self.reason = reason }

    public var json: JSONObject { JSONObject([("reason", .string(reason))]) }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuseMembers(otherThan: ["reason"])
        // Its rule counts bytes; here only what nobody can mean is kept out.
        reason = try fields.string("reason", maximumByteCount: 4096)
    }
}

public import JSON
public import Model

/// One change, as whoever makes it describes it; the log adds who, when and the chain.
public struct AuditEntry: Hashable, Sendable {
    public var action: AuditAction
    public var subject: AuditSubject
    /// The device and the rollout that the change concerns, to find it by.
    public var device: DeviceID?
    public var rollout: RolloutName?
    /// What was there before and is there now; `nil` for nothing.
    public var before: JSONObject?
    public var after: JSONObject?

    /// - Parameters:
    ///   - before: What the change took away: only members that it changed are kept.
    ///   - after: What it left.
    public init(
        _ action: AuditAction, _ subject: AuditSubject, device: DeviceID? = nil,
        rollout: RolloutName? = nil, before: JSONObject?, after: JSONObject?
    ) {
        self.action = action
        self.subject = subject
        self.device = device
        self.rollout = rollout
        self.before = before.map { $0.members(differingFrom: after) }
        self.after = after.map { $0.members(differingFrom: before) }
    }
}

/// What was done.
public enum AuditAction: String, Hashable, Sendable, CaseIterable {
    /// The first row of every log: what was there before it began.
    case logStarted = "log-started"
    case deviceAdded = "device-added"
    case deviceChanged = "device-changed"
    case deviceExpected = "device-expected"
    case expectationChanged = "expectation-changed"
    case expectationEnded = "expectation-ended"
    case imageAdded = "image-added"
    case imageChanged = "image-changed"
    case imageRemoved = "image-removed"
    case cohortSaved = "cohort-saved"
    case rolloutStarted = "rollout-started"
    case rolloutChanged = "rollout-changed"
    case waveApproved = "wave-approved"
    case stratumPaused = "stratum-paused"
    case stratumLifted = "stratum-lifted"
    case outsideAnswered = "outside-answered"
    case silenceMeasured = "silence-measured"
    case evidenceNoted = "evidence-noted"
    case failuresForgiven = "failures-forgiven"
    case retriesGranted = "retries-granted"
    case retriesPostponed = "retries-postponed"
    case offerMade = "offer-made"
    case offerDecided = "offer-decided"
    case leasesExtended = "leases-extended"
    case tokenAdded = "token-added"
    case tokenRevoked = "token-revoked"
    case enrolmentTokenAdded = "enrolment-token-added"
    case enrolmentTokenRevoked = "enrolment-token-revoked"
    case enrolmentTokenUsed = "enrolment-token-used"
    case webHookAdded = "web-hook-added"
    case webHookRemoved = "web-hook-removed"
}

/// What was changed.
public struct AuditSubject: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case log
        case device
        case expectedDevice = "expected-device"
        case image
        case cohort
        case rollout
        case offer
        case lease
        case token
        case enrolmentToken = "enrolment-token"
        case webHook = "web-hook"
    }

    public let kind: Kind
    public let id: String

    public init(_ kind: Kind, _ id: some CustomStringConvertible) {
        self.kind = kind
        self.id = "\(id)"
    }

    /// Returns `nil` unless `text` is a kind, a colon and something.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])) else { return nil }
        self.init(kind, String(parts[1]))
    }

    /// As in a row.
    public var text: String { "\(kind.rawValue):\(id)" }
}

extension JSONObject {
    /// The members that the other object does not have, or has with another value.
    ///
    /// A member that only the other one has is here as `null`, so that both sides of a change tell
    /// of the same members.
    fileprivate func members(differingFrom other: JSONObject?) -> JSONObject {
        guard let other else { return self }
        let own = members.filter { other[$0.key.text] != $0.value }
        let gone = other.members.filter { self[$0.key.text] == nil && $0.value != .null }
        return JSONObject(
            own.map { ($0.key.text, $0.value) } + gone.map { ($0.key.text, JSONValue.null) })
    }
}

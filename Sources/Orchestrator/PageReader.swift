public import Model

/// Lists a page at a time, so that no answer needs memory for a whole fleet.
public protocol PageReader {
    /// The devices whose ids come after `id`, perhaps only those of one model, by id.
    func devices(
        after id: DeviceID?, hardware: HardwareModel?, limit: Int
    ) throws -> [DeviceRecord]
    /// Whether any device has an attribute of this name.
    func hasAttribute(_ name: String) throws -> Bool
    /// The rollouts that are older than `name`, perhaps only those in one state; the newest first.
    func rollouts(
        olderThan name: RolloutName?, in state: RolloutStateWord?, limit: Int
    ) throws -> [RolloutRecord]
    /// The newest versions of the cohorts whose names come after `name`, by name.
    func cohorts(after name: CohortName?, limit: Int) throws -> [CohortRecord]
    /// What happened after the event with this number, in its order.
    func events(
        after number: Int64, about subject: EventSubject, limit: Int
    ) throws -> [NumberedEvent]
    /// 0 when nothing has happened yet.
    func newestEventNumber() throws -> Int64
}

/// An event with its place in the order of all events.
public struct NumberedEvent: Hashable, Sendable {
    public var number: Int64
    public var event: EventRecord

    public init(number: Int64, event: EventRecord) {
        self.number = number
        self.event = event
    }
}

/// Which events somebody wants to hear of; those that satisfy all that is given.
public struct EventSubject: Hashable, Sendable {
    public var rollout: RolloutName?
    public var device: DeviceID?

    public static let any = EventSubject()

    public init(rollout: RolloutName? = nil, device: DeviceID? = nil) {
        self.rollout = rollout
        self.device = device
    }
}

/// The one word for the state of a rollout.
public enum RolloutStateWord: String, Hashable, Sendable, CaseIterable {
    case draft
    case running
    case paused
    case completed
    case reverting
    case aborted
}

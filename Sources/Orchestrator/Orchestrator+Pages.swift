public import Model
internal import Rollouts
public import Wire

/// How long pages are.
public enum PageLimit {
    public static let range = 1...1000
    public static let standard = 100
}

/// Which devices a list is about; those that satisfy all that is given.
public struct DeviceQuery: Hashable, Sendable {
    public var selector: String?
    public var standing: Standing?
    public var hardware: HardwareModel?

    public static let all = DeviceQuery()

    /// What stands for or against updating a device.
    public enum Standing: String, Hashable, Sendable, CaseIterable {
        case active
        case held
        case quarantined
        case retired
    }

    public init(
        selector: String? = nil, standing: Standing? = nil, hardware: HardwareModel? = nil
    ) {
        self.selector = selector
        self.standing = standing
        self.hardware = hardware
    }
}

extension Orchestrator {
    /// How many devices one page looks at, however few of them are picked: about a second's work.
    private static let lookedAtPerPage = 20_000

    /// The devices that `query` picks and whose ids come after `id`, by id.
    ///
    /// A page ends early when few of the devices that it looked at are picked; it then has a next
    /// one all the same.
    ///
    /// - Throws: ``Refusal/invalid(_:)`` when the selector is none.
    public func devices(
        _ query: DeviceQuery = .all, after id: DeviceID? = nil, limit: Int = PageLimit.standard
    ) async throws(Refusal) -> ListAnswer<DeviceSummary> {
        let context = context(at: now())
        return try await read { store in
            let parsed = try query.selector.map { try self.selector($0, store) }
            if let parsed, id == nil { try Self.refuseUnknownWords(of: parsed, store) }
            var page = ListAnswer<DeviceSummary>(items: [])
            var last = id
            var lookedAt = 0
            while lookedAt < Self.lookedAtPerPage {
                let wanted =
                    parsed == nil && query.standing == nil ? limit : PageLimit.range.upperBound
                let records = try store.devices(
                    after: last, hardware: query.hardware, limit: wanted)
                for device in records {
                    let facts = device.facts
                    last = device.id
                    guard query.standing.map({ $0 == facts.standing.word }) ?? true,
                        parsed?.matches(facts, in: context) ?? true
                    else { continue }
                    page.items.append(
                        try summary(
                            of: device, rollout: store.openOffer(of: device.id)?.rollout, []))
                    if page.items.count == limit {
                        page.next = device.id.text
                        return page
                    }
                }
                guard records.count == wanted else { return page }
                lookedAt += records.count
            }
            page.next = last?.text
            return page
        }
    }

    /// The rollouts that are older than `name`, the newest first.
    ///
    /// - Throws: ``Refusal/unknown(_:)`` when there is no such rollout.
    public func rollouts(
        in state: RolloutStateWord? = nil, olderThan name: RolloutName? = nil,
        limit: Int = PageLimit.standard
    ) async throws(Refusal) -> ListAnswer<RolloutSummary> {
        let moment = now()
        return try await read { store in
            if let name { _ = try Self.existing(name, store) }
            let records = try store.rollouts(olderThan: name, in: state, limit: limit)
            return ListAnswer(
                items: try records.map { try summary(of: $0, store, at: moment) },
                next: records.count == limit ? records.last?.name.text : nil)
        }
    }

    /// The newest version of each cohort whose name comes after `name`, by name.
    public func cohorts(
        after name: CohortName? = nil, limit: Int = PageLimit.standard
    ) async throws(Refusal) -> ListAnswer<CohortSummary> {
        try await read { store in
            let records = try store.cohorts(after: name, limit: limit)
            return ListAnswer(
                items: records.map(\.summary),
                next: records.count == limit ? records.last?.version.name.text : nil)
        }
    }

    /// The releases that come after `id`, by name and version.
    public func releases(
        after id: ReleaseID? = nil, limit: Int = PageLimit.standard
    ) async throws(Refusal) -> ListAnswer<ReleaseSummary> {
        try await read { store in
            // Their order is that of versions, which SQL does not know; there are thousands at most.
            let images = Dictionary(grouping: try store.images(), by: \.release)
            let later = images.keys.sorted().drop { release in id.map { release <= $0 } ?? false }
            let page = later.prefix(limit)
            return ListAnswer(
                items: page.map {
                    ReleaseSummary(release: $0, images: (images[$0] ?? []).map(\.summary))
                },
                next: later.count > limit ? page.last.map { "\($0)" } : nil)
        }
    }

    /// What happened after the event with this number, the oldest first.
    public func events(
        after number: Int64 = 0, about subject: EventSubject = .any,
        limit: Int = PageLimit.standard
    ) async throws(Refusal) -> ListAnswer<EventSummary> {
        try await read { store in
            let events = try store.events(after: number, about: subject, limit: limit)
            return ListAnswer(
                items: events.map(\.summary),
                next: events.count == limit ? events.last.map { "\($0.number)" } : nil)
        }
    }
}

extension DeviceFacts.Standing {
    fileprivate var word: DeviceQuery.Standing {
        switch self {
        case .active: .active
        case .held: .held
        case .quarantined: .quarantined
        case .retired: .retired
        }
    }
}

extension NumberedEvent {
    public var summary: EventSummary {
        EventSummary(
            number: number, at: event.at, device: event.device, rollout: event.rollout,
            what: event.what)
    }
}

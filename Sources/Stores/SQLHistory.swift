internal import Model
internal import Orchestrator
internal import Rollouts

/// What decided at one moment that is over, told from what was remembered.
///
/// Each question is the one of ``SQLTransaction`` with the moment in it: what came later is left
/// out, and what has ended since was still there.
struct SQLHistory: RulingReader {
    let store: SQLTransaction
    let moment: Instant
    /// The device that asks; what it was given at that very moment is the answer, and no reason.
    let asking: DeviceID

    private var seconds: Int64 { moment.secondsSinceEpoch }

    /// The newest row of each device that was there; `?` is the moment.
    ///
    /// The newest is the one that was written last: its moment may be earlier than that of another,
    /// where a clock was set back between the two.
    private static let newestRows = """
        device_history h WHERE h.number = (SELECT g.number FROM device_history g
            WHERE g.device = h.device AND g.at_s <= ? ORDER BY g.number DESC LIMIT 1)
        """
    /// The offer `o` had been made; `?` is the moment twice, and the device that asks.
    private static let wasMade = "(o.issued_s < ? OR (o.issued_s = ? AND o.device <> ?))"
    /// And it was not decided yet; the same, and the moment once more.
    private static let wasOpen = "\(wasMade) AND (o.decided_s IS NULL OR o.decided_s > ?)"

    private var madeArguments: SQLArguments { [seconds, seconds, asking.text] }
    private var openArguments: SQLArguments { madeArguments + [seconds] }

    func facts(of device: DeviceID) throws -> DeviceFacts? {
        try store.rows(
            "SELECT * FROM \(Self.newestRows) AND h.device = ?", [seconds, device.text]
        ).first.map { try DeviceFacts($0, at: moment) }
    }

    func images(of release: ReleaseID) throws -> [ImageRecord] { try store.images(of: release) }

    /// A rollout that was started later is left out, and each is in the state that it had.
    func rollouts() throws -> [RolloutRecord] {
        try store.rollouts().compactMap { rollout in
            let row = try store.rows(
                "SELECT * FROM rollout_history WHERE rollout = ? AND at_s <= ?"
                    + " ORDER BY number DESC LIMIT 1", [rollout.name.text, seconds]
            ).first
            guard let row else { return nil }
            var past = rollout
            past.state = try RolloutState(row)
            return past
        }
    }

    func rolloutsVersion() -> RolloutsVersion? { nil }

    func attempts(of device: DeviceID) throws -> [RolloutName: Attempt] {
        let attempts = try rollouts().compactMap { rollout in
            try attempt(of: device, in: rollout.name).map { (rollout.name, $0) }
        }
        return Dictionary(attempts, uniquingKeysWith: { first, _ in first })
    }

    private func attempt(of device: DeviceID, in rollout: RolloutName) throws -> Attempt? {
        let offers = try store.rows(
            "SELECT * FROM offers o WHERE \(Self.wasMade) AND o.device = ? AND o.rollout = ?"
                + " AND NOT (o.outcome = 'cancelled' AND o.decided_s <= ?) ORDER BY o.number",
            madeArguments + [device.text, rollout.text, seconds]
        ).map { try OfferRecord($0) }
        guard let newest = offers.last else { return nil }
        guard let decided = newest.decided, decided <= moment else { return .underWay }
        switch newest.outcome {
        case .proven: return .proven
        case .failed(let failure):
            let grant = try store.attemptRecord(of: device, in: rollout)?.grant
            if let grant, grant.tryNumber == offers.count, grant.at <= moment {
                return .granted(failure.kind)
            }
            return .failed(failure.kind, at: decided, tries: offers.count)
        case .open, .cancelled: return .underWay
        }
    }

    func pausedStrata(of rollout: RolloutName) throws -> [PausedStratum] {
        try store.pausedStrata(
            where: "rollout = ? AND at_s <= ? AND (lifted_s IS NULL OR lifted_s > ?)",
            [rollout.text, seconds, seconds])
    }

    /// With what became of it later.
    func openOffer(of device: DeviceID) throws -> OfferRecord? {
        try store.rows(
            "SELECT * FROM offers o WHERE \(Self.wasOpen) AND o.device = ?"
                + " ORDER BY o.number DESC LIMIT 1", openArguments + [device.text]
        ).first.map { try OfferRecord($0) }
    }

    func openOfferCount(in rollout: RolloutName) throws -> Int {
        try store.count(
            "SELECT count(*) FROM offers o WHERE \(Self.wasOpen) AND o.rollout = ?",
            openArguments + [rollout.text])
    }

    func provenCount(in rollout: RolloutName) throws -> Int {
        try store.count(
            "SELECT count(DISTINCT device) FROM offers WHERE rollout = ? AND outcome = 'proven'"
                + " AND decided_s <= ?", [rollout.text, seconds])
    }

    func recentOffers(of rollout: RolloutName, since: Instant) throws -> RecentUse? {
        try store.recentUse("count(*)", of: rollout, since: since, until: moment, besides: asking)
    }

    func recentBytes(of rollout: RolloutName, since: Instant) throws -> RecentUse? {
        try store.recentUse(
            "sum(length_bytes)", of: rollout, since: since, until: moment, besides: asking)
    }

    func activeDeviceCount(_ attribute: String, _ value: String) throws -> Int {
        try store.rows(
            "SELECT h.attributes_json AS attributes_json FROM \(Self.newestRows)"
                + " AND h.lifecycle = 'active' AND h.attributes_json LIKE ?",
            [seconds, Self.pattern(of: value)]
        ).count { try $0.has(attribute, value) }
    }

    func leaseHolders(_ attribute: String, _ value: String) throws -> [DeviceID] {
        try store.rows(
            "SELECT o.device AS device, (SELECT h.attributes_json FROM device_history h"
                + " WHERE h.device = o.device AND h.at_s <= o.issued_s"
                + " ORDER BY h.number DESC LIMIT 1) AS attributes_json"
                + " FROM offers o WHERE \(Self.wasOpen) ORDER BY o.device", openArguments
        ).filter { try $0.has(attribute, value) }.map { try $0.value("device") { DeviceID($0) } }
    }

    /// What `LIKE` finds in every text of attributes one of which has this value; it may find more.
    ///
    /// Only what all writers of JSON leave as it is can be looked for.
    private static func pattern(of value: String) -> String {
        let isPlain = value.utf8.allSatisfy {
            switch UInt8($0) {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        return isPlain ? "%\"\(value)\"%" : "%"
    }
}

extension SQLRow {
    /// Whether the attributes that were remembered have this one.
    fileprivate func has(_ attribute: String, _ value: String) throws -> Bool {
        guard let text: String = self["attributes_json"] else { return false }
        let known = try Attributes(historyJSON: text).values[attribute]
        // Bytes, as the database compares them.
        return known?.utf8.elementsEqual(value.utf8) ?? false
    }
}

extension DeviceFacts {
    /// A device as if it had asked at `moment`.
    fileprivate init(_ row: SQLRow, at moment: Instant) throws {
        self.init(
            id: try row.value("device") { DeviceID($0) },
            hardware: try row.value("hardware") { HardwareModel($0) },
            booted: row.release, image: try row.optional("sha256") { Digest(hex: $0) },
            isConfirmed: row["confirmed"],
            attributes: try Attributes(historyJSON: row["attributes_json"]), lastSeen: moment,
            standing: Standing(
                try row.value("lifecycle") { DeviceRecord.Lifecycle(rawValue: $0) },
                held: row["held_reason"],
                quarantined: row.optionalInstant("quarantined_s")),
            pin: row.release(name: "pin_name", version: "pin_version"))
    }
}

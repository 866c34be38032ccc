internal import Model
internal import Orchestrator
internal import Rollouts

/// What every check-in asks and changes.
extension SQLTransaction {
    private static let selectVersion = "SELECT number, token FROM rollouts_version WHERE place = 1"
    private static let raiseVersion =
        "UPDATE rollouts_version SET number = number + 1, token = ? WHERE place = 1"
    private static let selectKey = "SELECT public_key FROM devices WHERE id = ?"
    private static let selectAttempts = "SELECT * FROM attempts WHERE device = ?"
    private static let noteCheckIn =
        "UPDATE devices SET sequence = ?, last_seen_s = ? WHERE id = ?"

    func rolloutsVersion() throws -> RolloutsVersion? {
        try rows(Self.selectVersion).first.map { RolloutsVersion(number: $0[0], token: $0[1]) }
    }

    /// To be called by everything that changes what a ``RolloutBook`` holds.
    func raiseRolloutsVersion() throws {
        // Counting alone would give a number that was taken back with its transaction again.
        try execute(Self.raiseVersion, [Int64.random(in: 0...Int64.max)])
    }

    func publicKey(of device: DeviceID) throws -> Ed25519PublicKey? {
        try rows(Self.selectKey, [device.text]).first.map {
            try $0.value("public_key") { Ed25519PublicKey(hex: $0) }
        }
    }

    func attempts(of device: DeviceID) throws -> [RolloutName: Attempt] {
        let records = try rows(Self.selectAttempts, [device.text]).map { try AttemptRecord($0) }
        return Dictionary(
            records.map { ($0.rollout, $0.attempt) }, uniquingKeysWith: { first, _ in first })
    }

    func save(_ device: DeviceRecord, replacing old: DeviceRecord?, at now: Instant) throws {
        if let old, device == old.heard(at: device.lastSeen, sequence: device.sequence) {
            try execute(
                Self.noteCheckIn,
                [device.sequence, device.lastSeen.secondsSinceEpoch, device.id.text])
            return
        }
        try replace(old, by: device, at: now)
    }
}

extension DeviceRecord {
    /// The same device after it was heard of once more and had nothing new to say.
    fileprivate func heard(at moment: Instant, sequence: Int64) -> DeviceRecord {
        var device = self
        device.lastSeen = moment
        device.sequence = sequence
        return device
    }
}

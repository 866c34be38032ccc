internal import Model
internal import Orchestrator
internal import Stores
internal import Wire

/// What the world remembers of the store and of what was said, to hold the servers to it.
final class Books {
    /// The newest row of the log that was looked at.
    var lastRow: Int64 = 0
    var lastOffer: Int64 = 0
    var lastState: Int64 = 0
    var open: [String: OfferRow] = [:]
    var outcomes: [String: String] = [:]
    var states: [String: StateRow] = [:]
    /// The newest check-in of each device that was answered.
    var answered: [DeviceID: Int64] = [:]
    /// The failures that devices told of, by offer.
    var toldFailures: [String: Set<String>] = [:]
    /// Where the check-in arrived that may have proven an offer.
    var toldProofs: Set<String> = []
    /// How many check-ins were answered.
    var answerCount = 0
    var offersMade = 0
    var provenCount = 0
    var files: [String: RolloutFile] = [:]

    /// Remembers what a device said, and whether that was taken.
    func heard(
        _ result: Result<[UInt8], SimulatedServer.Trouble>, of device: SimulatedDevice,
        _ bytes: [UInt8]
    ) {
        guard let message = try? SignedMessage<CheckIn>(parsing: bytes, limitBytes: 65_536) else {
            return
        }
        let checkIn = message.unverified
        if case .failed(let nonce, let failure) = checkIn.phase {
            toldFailures[nonce.text, default: []].insert(failure.kind.rawValue)
        }
        if case .success = result {
            answerCount += 1
            answered[checkIn.device] = max(answered[checkIn.device] ?? 0, checkIn.sequence)
        }
    }

    /// Of everything that a refused request must leave as it is.
    func fingerprint(of database: MemoryStore) -> Int64 {
        (try? database.number("SELECT max(number) FROM audit")) ?? 0
    }
}

/// An offer as it is stored.
struct OfferRow {
    let number: Int64
    let nonce: String
    let device: String
    let rollout: String
    let wave: Int
    let sha256: String
    let issued: Int64
    let expires: Int64
    let outcome: String
    let failure: String?
    let decided: Int64?

    init?(_ row: [String: String]) {
        guard let number = row["number"].flatMap({ Int64($0) }), let nonce = row["nonce"],
            let device = row["device"], let rollout = row["rollout"],
            let wave = row["wave"].flatMap({ Int($0) }), let sha256 = row["sha256"],
            let issued = row["issued_s"].flatMap({ Int64($0) }),
            let expires = row["expires_s"].flatMap({ Int64($0) }), let outcome = row["outcome"]
        else { return nil }
        self.number = number
        self.nonce = nonce
        self.device = device
        self.rollout = rollout
        self.wave = wave
        self.sha256 = sha256
        self.issued = issued
        self.expires = expires
        self.outcome = outcome
        failure = row["failure_class"]
        decided = row["decided_s"].flatMap { Int64($0) }
    }
}

/// A rollout's state as it was stored.
struct StateRow {
    let number: Int64
    let rollout: String
    let at: Int64
    let state: String
    let wave: Int?
    let since: Int64?

    init?(_ row: [String: String]) {
        guard let number = row["number"].flatMap({ Int64($0) }), let rollout = row["rollout"],
            let at = row["at_s"].flatMap({ Int64($0) }), let state = row["state"]
        else { return nil }
        self.number = number
        self.rollout = rollout
        self.at = at
        self.state = state
        wave = row["wave"].flatMap { Int($0) }
        since = row["since_s"].flatMap { Int64($0) }
    }
}

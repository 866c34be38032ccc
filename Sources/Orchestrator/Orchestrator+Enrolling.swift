internal import Model
internal import Rollouts
internal import Trust
internal import Wire

/// What lets a new device in.
enum EnrolmentGround: Hashable, Sendable {
    /// The one token that the server's settings allow for every device.
    case shared
    case token(EnrolmentTokenRecord)
    /// The inventory has its key.
    case inventory
}

/// How a device that nobody knows becomes one of the fleet.
extension Orchestrator {
    /// What lets the device in; `nil` when nothing does.
    func enrolmentGround(
        of checkIn: CheckIn, _ store: any StoreReader, at moment: Instant
    ) throws -> EnrolmentGround? {
        guard let enrolment = checkIn.enrolment else { return nil }
        if let key = try store.expectedDevice(checkIn.device)?.publicKey {
            // Where the key is known, nothing lets in another one.
            return enrolment.publicKey == key ? .inventory : nil
        }
        if isShared(enrolment) { return .shared }
        guard let token = try token(of: enrolment, store), token.isGood(at: moment),
            try admits(token, checkIn, store, at: moment)
        else { return nil }
        return .token(token)
    }

    /// Lets the device in, in the transaction that makes it known: two cannot share a last use.
    func enrol(_ checkIn: CheckIn, _ store: any StoreWriter, at moment: Instant) throws {
        switch try enrolmentGround(of: checkIn, store, at: moment) {
        case nil: throw Self.mayNotEnrol(checkIn.device)
        case .shared, .inventory: return
        case .token(let token): try store.use(token, for: checkIn.device, at: moment)
        }
    }

    /// Whether a known device, or somebody who says so, may ask to be taken with another key.
    ///
    /// A device that was reset shows what let it in once, though that lets in nobody else by now.
    func mayAskAgain(
        _ checkIn: CheckIn, _ store: any StoreReader, at moment: Instant
    ) throws -> Bool {
        if try enrolmentGround(of: checkIn, store, at: moment) != nil { return true }
        guard let enrolment = checkIn.enrolment, let token = try token(of: enrolment, store),
            token.revoked == nil
        else { return false }
        return try store.enrolmentToken(of: checkIn.device) == token.id
    }

    /// One sentence whatever is wrong, so that nobody learns from it how far they have come.
    static func mayNotEnrol(_ device: DeviceID) -> Refusal {
        .stranger(
            "device \(device) is not known here by this key, and nothing that it shows lets it enrol"
        )
    }

    private func isShared(_ enrolment: Enrolment) -> Bool {
        guard let shared = settings.sharedEnrolmentTokenDigest else { return false }
        return cryptography.hashing.sha256(Array(enrolment.token.utf8)).isSame(as: shared)
    }

    private func token(
        of enrolment: Enrolment, _ store: any StoreReader
    ) throws -> EnrolmentTokenRecord? {
        guard let id = TokenText.id(in: enrolment.token, .enrolment),
            let token = try store.enrolmentToken(id),
            cryptography.hashing.sha256(Array(enrolment.token.utf8)).isSame(as: token.digest)
        else { return nil }
        return token
    }

    /// Whether the device is one of those that the token is for, by its own word.
    private func admits(
        _ token: EnrolmentTokenRecord, _ checkIn: CheckIn, _ store: any StoreReader,
        at moment: Instant
    ) throws -> Bool {
        let attributes = checkIn.attributes ?? .none
        guard token.hardware.isEmpty || token.hardware.contains(checkIn.hardware),
            token.attributes.values.allSatisfy({ attributes[$0.key] == $0.value })
        else { return false }
        guard let cohort = token.cohort else { return true }
        guard let newest = try store.newestVersion(of: cohort) else { return false }
        let facts = DeviceFacts(
            id: checkIn.device, hardware: checkIn.hardware, booted: checkIn.boot.release,
            image: checkIn.boot.sha256, isConfirmed: checkIn.boot.isConfirmed,
            attributes: attributes, lastSeen: moment, standing: .active, pin: nil)
        return try Selector(newest.expanded, cohorts: .expanded)
            .matches(facts, in: context(at: moment))
    }
}

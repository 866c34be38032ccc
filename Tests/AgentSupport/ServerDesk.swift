public import Agent
public import Model
public import OpenSSL
internal import Trust
public import Wire

/// A server with one device and one goal; a value, so that a test can keep it as it was at a moment.
///
/// It also watches: whatever a device must never say is noted in ``violations``.
public struct ServerDesk {
    public var repository: TestRepository
    /// What the device is to run; `nil` offers nothing.
    public var goal: Firmware?
    /// How many offers may be made.
    public var offersLeft = 1
    public var lease = Duration.seconds(3600)
    /// How long after the offer the restart may be put off; `nil` for ever.
    public var deferral: Duration?

    public private(set) var checkIns: [CheckIn] = []
    public private(set) var violations: [String] = []
    public private(set) var openOffer: Offer?
    /// How the last offer ended.
    public private(set) var end: PhaseReport?
    public private(set) var offersMade = 0

    public init(_ repository: TestRepository) { self.repository = repository }

    /// Whether the device has nothing to do any more, and the server knows how it ended.
    public var isSettled: Bool { end != nil && checkIns.last?.phase == .idle }

    /// What the device said, without repetitions.
    public var story: [String] {
        var story: [String] = []
        for checkIn in checkIns where checkIn.phase.word != story.last {
            story.append(checkIn.phase.word)
        }
        return story
    }

    /// Notes a check-in, and whatever is wrong with it.
    public mutating func hear(_ signed: SignedMessage<CheckIn>) throws {
        let checkIn = signed.unverified
        let key = try TestIdentity().key
        let isSigned = signed.signatures.values.contains {
            cryptography.checker.isValid($0, by: key.publicKey, over: signed.payload)
        }
        if !isSigned { violations.append("check-in \(checkIn.sequence) is not signed") }
        if let last = checkIns.last, last.sequence >= checkIn.sequence {
            violations.append("sequence \(checkIn.sequence) follows \(last.sequence)")
        }
        if case .proven = checkIn.phase {
            if !checkIn.boot.isConfirmed || checkIn.boot.sha256 != goal?.digest {
                violations.append("a proof that proves nothing: \(checkIn.boot)")
            }
        }
        checkIns.append(checkIn)
    }

    /// What is ordered so that the device comes to run the goal.
    public mutating func followGoal(
        _ checkIn: CheckIn, now: Instant
    ) throws -> Directive.Order? {
        switch checkIn.phase {
        case .idle:
            guard let goal, checkIn.boot.sha256 != goal.digest else { return nil }
            if openOffer == nil {
                guard offersLeft > 0 else { return nil }
                offersLeft -= 1
                offersMade += 1
                openOffer = try offer(goal, nonce: "n\(offersMade)")
                openOffer?.deferUntil = deferral.map { now.advanced(by: $0) }
            }
            return try renewed(now)
        case .downloading, .waiting, .installed:
            return try renewed(now)
        case .trial: return nil
        case .proven, .failed:
            if checkIn.phase.nonce == openOffer?.nonce { openOffer = nil }
            end = checkIn.phase
            return nil
        }
    }

    private mutating func renewed(_ now: Instant) throws -> Directive.Order? {
        openOffer?.expires = now.advanced(by: lease)
        return try openOffer.map { .offer(try sign($0, by: repository.offerKey)) }
    }

    /// The directive that answers `checkIn` with `order`.
    public func directive(_ checkIn: CheckIn, _ order: Directive.Order?) -> Directive {
        Directive(
            device: checkIn.device, answers: checkIn.sequence, checkInAfterSeconds: 60,
            order: order)
    }
}

/// The device's key, which these tests keep in memory.
public struct TestIdentity: DeviceIdentity {
    public let key: PrivateKey

    public init() throws { key = try AgentSupport.key(9) }

    public var publicKey: Ed25519PublicKey { key.ed25519PublicKey }

    public func sign(_ message: [UInt8]) throws(IdentityError) -> [UInt8] {
        do { return try key.sign(message) } catch { throw IdentityError("\(error)") }
    }
}

import Agent
import Model
import OpenSSL
import Testing
import Trust
import Wire

/// A server with one device and one goal, and everything that can go wrong on the way to it.
final class FakeServer: Transport {
    var repository: TestRepository
    /// What the device is to run; `nil` offers nothing.
    var goal: Firmware?
    var isReachable = true
    /// What the next check-ins are answered with instead of a directive.
    var busyAnswers: [TransportError] = []
    /// How many offers may be made.
    var offersLeft = 1
    var lease = Duration.seconds(3600)
    /// How long after the offer the restart may be put off; `nil` for ever.
    var deferral: Duration?
    /// Overrides what is ordered.
    var order: ((CheckIn) throws -> Directive.Order?)?
    /// Overrides what is sent; given the check-in and the directive that would be sent.
    var answer: ((CheckIn, Directive) throws -> [UInt8])?

    var images = ImageConduct.whole
    /// After how many bytes each of the next transfers breaks off.
    var breaksAfter: [Int] = []
    /// Whether a transfer that breaks off looks like one that ended well.
    var breaksSilently = false
    /// Changes what is sent in a transfer, counted from 0.
    var spoil: (_ transfer: Int, [UInt8]) -> [UInt8] = { $1 }
    var timeOfEachPiece = Duration.zero

    enum ImageConduct: Hashable {
        case whole, absent, status(Int), withoutRanges, neverBegins, endless
    }

    private(set) var checkIns: [CheckIn] = []
    private(set) var violations: [String] = []
    private(set) var openOffer: Offer?
    /// How the last offer ended.
    private(set) var end: PhaseReport?
    private(set) var transfers: [Int64] = []
    private var offersMade = 0
    private let machine: FakeMachine

    init(_ repository: TestRepository, machine: FakeMachine) {
        self.repository = repository
        self.machine = machine
    }

    /// Whether the device has nothing to do any more, and the server knows how it ended.
    var isSettled: Bool { end != nil && checkIns.last?.phase == .idle }

    /// What the device said, without repetitions.
    var story: [String] {
        var story: [String] = []
        for checkIn in checkIns where checkIn.phase.word != story.last {
            story.append(checkIn.phase.word)
        }
        return story
    }

    // MARK: Check-ins

    func checkIn(_ message: [UInt8]) throws(TransportError) -> [UInt8] {
        do {
            let signed = try SignedMessage<CheckIn>(parsing: message, limitBytes: 65_536)
            guard machine.power.call("check-in \(signed.unverified.phase.word)"), isReachable
            else { throw TransportError.unreachable("no route") }
            if !busyAnswers.isEmpty { throw busyAnswers.removeFirst() }
            try watch(signed)
            let directive = Directive(
                device: signed.unverified.device, answers: signed.unverified.sequence,
                checkInAfterSeconds: 60, order: try (order ?? followGoal)(signed.unverified))
            if let answer { return try answer(signed.unverified, directive) }
            return try sign(directive, by: repository.offerKey).bytes
        } catch let error as TransportError { throw error } catch {
            Issue.record("the server failed: \(error)")
            throw .unreachable("\(error)")
        }
    }

    private func watch(_ signed: SignedMessage<CheckIn>) throws {
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

    /// What is ordered where ``order`` says nothing else.
    func usualOrder(_ checkIn: CheckIn) throws -> Directive.Order? { try followGoal(checkIn) }

    private func followGoal(_ checkIn: CheckIn) throws -> Directive.Order? {
        switch checkIn.phase {
        case .idle:
            guard let goal, checkIn.boot.sha256 != goal.digest else { return nil }
            if openOffer == nil {
                guard offersLeft > 0 else { return nil }
                offersLeft -= 1
                offersMade += 1
                openOffer = try offer(goal, nonce: "n\(offersMade)")
                openOffer?.deferUntil = deferral.map { machine.now.advanced(by: $0) }
            }
            return try renewed()
        case .downloading, .waiting, .installed:
            return try renewed()
        case .trial: return nil
        case .proven, .failed:
            if checkIn.phase.nonce == openOffer?.nonce { openOffer = nil }
            end = checkIn.phase
            return nil
        }
    }

    private func renewed() throws -> Directive.Order? {
        openOffer?.expires = machine.now.advanced(by: lease)
        return try openOffer.map { .offer(try sign($0, by: repository.offerKey)) }
    }

    // MARK: Files

    func metadata(_ name: String, limitBytes: Int) throws(TransportError) -> [UInt8]? {
        guard machine.power.call("metadata \(name)"), isReachable else {
            throw .unreachable("no route")
        }
        return repository.metadata[name]
    }

    func image(
        _ path: String, from offset: Int64, maximumBytes: Int64, receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd {
        guard machine.power.call("image from \(offset)"), isReachable else {
            throw .unreachable("no route")
        }
        transfers.append(offset)
        switch images {
        case .absent: return .absent
        case .status(let status): throw .refused(status: status, "no image")
        case .neverBegins: return .cannotResume
        case .withoutRanges where offset > 0: return .cannotResume
        case .whole, .withoutRanges, .endless: break
        }
        guard let whole = repository.images[path] else { return .absent }
        var bytes = Array(spoil(transfers.count - 1, whole)[Int(offset)...])
        if images == .endless { bytes += bytes }
        let end = breaksAfter.isEmpty ? nil : breaksAfter.removeFirst()
        return try send(bytes, breakingAfter: end, maximumBytes: Int(maximumBytes), to: receive)
    }

    private func send(
        _ bytes: [UInt8], breakingAfter end: Int?, maximumBytes: Int, to receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd {
        let last = min(end ?? bytes.count, bytes.count)
        for start in stride(from: 0, to: last, by: 4096) {
            let piece = Array(bytes[start..<min(start + 4096, last)])
            guard start + piece.count <= maximumBytes else { throw .tooLong }
            machine.pass(timeOfEachPiece)
            guard receive(piece) else { return .stopped }
        }
        guard end != nil, !breaksSilently else { return .complete }
        throw .unreachable("the connection was cut")
    }
}

/// The device's key, which these tests keep in memory.
struct TestIdentity: DeviceIdentity {
    let key: PrivateKey

    init() throws { key = try AgentTests.key(9) }

    var publicKey: Ed25519PublicKey { key.ed25519PublicKey }

    func sign(_ message: [UInt8]) throws(IdentityError) -> [UInt8] {
        do { return try key.sign(message) } catch { throw IdentityError("\(error)") }
    }
}

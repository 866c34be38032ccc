import Curl
import Foundation
import Model
import OpenSSL
import Rollouts
import TestSupport
import Trust
import Wire

/// A device that says what a real one would, and wants to hear the truth.
struct LoadDevice {
    let id: DeviceID
    private let key: Ed25519PrivateKey
    private let attributes: Attributes
    /// Lets it in, as long as it has not been let in.
    private var token: String?
    private var sequence: Int64 = 0
    private var boot: BootReport
    private var held: Offer?
    /// What was sent and not answered.
    private var pending: Pending?
    private(set) var isRetired = false

    private struct Pending {
        var bytes: [UInt8]
        let phase: PhaseReport
        /// Whether it has been sent, and the answer was lost.
        var isInDoubt = false
    }

    init(_ number: Int, token: String?) throws {
        id = must(DeviceID("device-\(number)"))
        key = try Ed25519PrivateKey.generate()
        attributes = try Attributes(["site": "s\(number % 8)", "pair": "p\(number / 2)"])
        self.token = token
        boot = BootReport(
            slot: must(SlotName("a")), bootID: must(BootID("boot-0")),
            release: ReleaseID("acme 0.1.0"),
            sha256: OpenSSLHashing().sha256(Array("as it was made".utf8)), isConfirmed: true)
    }

    /// Whether it works on an offer, or waits for an answer.
    var isBusy: Bool { held != nil || pending != nil }

    private var pair: String { attributes.values["pair"] ?? "" }

    /// Says something, and takes in what is answered.
    mutating func act(_ client: LoadClient) throws {
        var saying = try pending ?? next(client)
        pending = saying
        switch client.send(.post, "/device/v1/check-in", saying.bytes) {
        case .lost:
            saying.isInDoubt = true
            // Some say the same thing anew, and some send the same message again.
            if client.chance(50) { saying.bytes = try message(saying.phase, client) }
            pending = saying
        case .later: break
        case .answer(let answer): try hear(answer, of: saying, client)
        }
    }

    private mutating func next(_ client: LoadClient) throws -> Pending {
        let phase = phase(client)
        return Pending(bytes: try message(phase, client), phase: phase)
    }

    /// What it does with its offer next.
    private mutating func phase(_ client: LoadClient) -> PhaseReport {
        guard let held else { return .idle }
        switch Int.random(in: 0..<100, using: &client.random) {
        case 0..<30:
            return .downloading(held.nonce, bytesDone: 1, bytesTotal: held.image.length)
        case 30..<40: return .installed(held.nonce)
        case 40..<90:
            boot = BootReport(
                slot: must(SlotName(boot.slot.text == "a" ? "b" : "a")),
                bootID: must(BootID("boot-\(sequence + 1)")), release: held.release,
                sha256: held.image.sha256, isConfirmed: true)
            return .proven(held.nonce)
        case 90..<96: return .failed(held.nonce, Failure(.health, "it smokes"))
        default: return .idle
        }
    }

    private mutating func message(_ phase: PhaseReport, _ client: LoadClient) throws -> [UInt8] {
        sequence += 1
        client.ledger.sends(id.text, sequence)
        return try SignedMessage(
            signing: CheckIn(
                device: id, hardware: must(HardwareModel("gw-2")), sequence: sequence, boot: boot,
                phase: phase, attributes: attributes,
                enrolment: token.map { Enrolment(publicKey: key.ed25519PublicKey, token: $0) }),
            keyID: must(KeyID(key.ed25519PublicKey.hex)), with: { try key.sign($0) }
        ).bytes
    }

    // MARK: Answers

    private mutating func hear(
        _ answer: HTTPResponse, of said: Pending, _ client: LoadClient
    ) throws {
        switch answer.status {
        case 200:
            let directive = try SignedMessage<Directive>(parsing: answer.body, limitBytes: 65_536)
                .unverified
            guard directive.answers == sequence else {
                return client.ledger.accuse("\(id) \(sequence) got the answer to another")
            }
            follow(directive.order, after: said, client)
        // It was stored, and its answer is lost for good; the next one tells how things are.
        case 409 where said.isInDoubt:
            switch said.phase {
            case .proven(let nonce): decided(nonce, "proven", client)
            case .failed(let nonce, _): decided(nonce, "failed", client)
            case .idle, .downloading, .waiting, .installed, .trial:
                if let held { client.ledger.mayHaveLost(held.nonce) }
            }
        default:
            let text = String(decoding: answer.body, as: UTF8.self)
            return client.ledger.accuse("\(id) \(sequence): \(answer.status) \(text)")
        }
        client.ledger.acknowledge(id.text, sequence)
        token = nil
        pending = nil
    }

    private mutating func follow(
        _ order: Directive.Order?, after said: Pending, _ client: LoadClient
    ) {
        if case .retire = order {
            isRetired = true
            return
        }
        switch said.phase {
        case .proven(let nonce): decided(nonce, "proven", client)
        case .failed(let nonce, _): decided(nonce, "failed", client)
        case .idle, .downloading, .waiting, .installed, .trial: break
        }
        switch order {
        case .offer(let offer):
            let offer = offer.unverified
            if offer.device != id { client.ledger.accuse("\(id) got the offer of \(offer.device)") }
            held = offer
            client.ledger.told(offer, pair: pair)
        case .cancel(let nonce):
            if nonce == held?.nonce { decided(nonce, "cancelled", client) }
        case .retire, nil: break
        }
    }

    private mutating func decided(_ nonce: Nonce, _ outcome: String, _ client: LoadClient) {
        client.ledger.decided(nonce, outcome)
        client.ledger.count("offers \(outcome)")
        held = nil
    }
}

import Model
import Synchronization
import Wire

/// What was acknowledged: whatever happens to servers, it has to be in the books.
final class Ledger: Sendable {
    struct Facts {
        var devices: [String: DeviceFacts] = [:]
        var offers: [String: OfferFacts] = [:]
        /// Whoever was told for sure that they have an offer, and has said nothing since.
        var held: [String: Offer] = [:]
        var pairs: [String: String] = [:]
        var rollouts: [String: RolloutFacts] = [:]
        /// How many versions of each cohort were saved.
        var cohorts: [String: Int] = [:]
        /// Whether each web hook is there.
        var hooks: [String: Bool] = [:]
        var uploads: [String: UploadFacts] = [:]
        /// By version, the path of the image.
        var releases: Set<String> = []
        /// The reason that a device was last held back for; `nil` for a device that was let go.
        var holds: [String: String?] = [:]
        var counts: [String: Int] = [:]
        var broken: [String] = []
    }

    struct DeviceFacts {
        var sent: Int64 = 0
        var acknowledged: Int64 = 0
        /// An operator may have retired it: that its lease was ended is then no surprise.
        var mayBeRetired = false
        var isRetired = false
    }

    struct OfferFacts {
        let device: String
        let rollout: String
        /// As its device knows; `nil` while it works on it.
        var outcome: String?
        /// An answer got lost that may have taken it back.
        var mayBeCancelled = false
    }

    struct RolloutFacts {
        var isAborted = false
    }

    struct UploadFacts {
        var offset: Int
        let length: Int
    }

    private let facts = Mutex(Facts())

    func with<Answer>(_ body: (inout Facts) -> Answer) -> Answer { facts.withLock { body(&$0) } }

    /// Something was not as it has to be.
    func accuse(_ what: String) { with { $0.broken.append(what) } }

    func count(_ what: String) { with { $0.counts[what, default: 0] += 1 } }

    // MARK: Devices

    /// From now on the server may have heard of something that frees the device's lease.
    func sends(_ device: String, _ sequence: Int64) {
        with { facts in
            facts.devices[device, default: DeviceFacts()].sent = sequence
            facts.letGo(device)
        }
    }

    func acknowledge(_ device: String, _ sequence: Int64) {
        with { $0.devices[device]?.acknowledged = sequence }
    }

    /// The device was told that it has this offer: with those who have others, no limit may be
    /// exceeded.
    ///
    /// Each is counted from an answer to its next question, in which the server counted it, too.
    func told(_ offer: Offer, pair: String) {
        with { facts in
            let (nonce, device) = (offer.nonce.text, offer.device.text)
            if facts.offers[nonce] == nil {
                facts.offers[nonce] = OfferFacts(
                    device: device, rollout: offer.rollout.text)
            }
            if let known = facts.offers[nonce], let outcome = known.outcome {
                facts.broken.append("\(nonce) was \(outcome), and is offered again")
            }
            guard facts.devices[device]?.mayBeRetired == false else { return }
            facts.held[device] = offer
            let inRollout = facts.held.values.count { $0.rollout == offer.rollout }
            if inRollout > LoadPlans.concurrent {
                facts.broken.append("\(inRollout) were told to install \(offer.rollout)")
            }
            if let other = facts.pairs[pair], other != device {
                facts.broken.append("\(device) and \(other) are a pair, and both install")
            }
            facts.pairs[pair] = device
        }
    }

    /// The answer of the server has decided the offer.
    func decided(_ nonce: Nonce, _ outcome: String) {
        with { $0.offers[nonce.text]?.outcome = outcome }
    }

    func mayHaveLost(_ nonce: Nonce) { with { $0.offers[nonce.text]?.mayBeCancelled = true } }

    /// An operator is about to retire the device.
    func retires(_ device: String) {
        with { facts in
            facts.devices[device]?.mayBeRetired = true
            facts.letGo(device)
        }
    }

    func retired(_ device: String) { with { $0.devices[device]?.isRetired = true } }
}

extension Ledger.Facts {
    fileprivate mutating func letGo(_ device: String) {
        held[device] = nil
        for (pair, holder) in pairs where holder == device { pairs[pair] = nil }
    }
}

internal import Model
internal import Wire

/// What a check-in means for the offer that its device holds.
enum Settlement: Hashable, Sendable {
    /// The device's key says that it booted the offered image and keeps it.
    case proven
    case failed(Failure)
    /// The device works on it: the lease goes on; the renewed offer is sent again.
    case renewed
    /// The device has installed it and is about to try it: nothing can be taken back any more.
    case underTrial
    /// The rollout no longer offers it, and the device has not installed it yet.
    case withdrawn

    /// - Parameter isOffered: Whether the offer's rollout still offers.
    init(of offer: OfferRecord, by checkIn: CheckIn, isOffered: Bool) {
        let isAboutOffer = checkIn.phase.nonce == offer.nonce
        // Goes before the boot: somebody else may have confirmed an image that was never healthy.
        if isAboutOffer, case .failed(_, let failure) = checkIn.phase {
            self = .failed(failure)
            return
        }
        // Proof is the boot itself, whatever other phase stands beside it (promise P2).
        let boot = checkIn.boot
        if boot.isConfirmed, boot.sha256 == offer.image.sha256, boot.bootID != offer.bootID {
            self = .proven
            return
        }
        switch checkIn.phase {
        case .installed where isAboutOffer, .trial where isAboutOffer, .proven where isAboutOffer:
            self = .underTrial
        case .idle, .downloading, .waiting, .installed, .trial, .proven, .failed:
            self = isOffered ? .renewed : .withdrawn
        }
    }
}

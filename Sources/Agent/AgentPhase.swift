public import Model
public import Wire

/// Where an update of this device is, with exactly the facts that mean something there.
public enum AgentPhase: Hashable, Sendable {
    case idle
    /// An offer was made; whether it may be taken is not known yet.
    case offered(Job)
    /// The first `durableBytes` of the image survive a power cut.
    case downloading(Job, durableBytes: Int64)
    /// The image is in the slot; what is on the medium is not compared yet.
    case verifying(Job)
    /// The slot holds the image; the trial may begin.
    case installed(Job)
    case trial(Job, TrialStage)
    /// The new image is good: the bootloader is to keep it.
    case confirming(Job)
    /// The bootloader keeps it; the server has not acknowledged the proof yet.
    case proven(Job)
    /// The new image is not good: the machine is to go back to the image before.
    case rollingBack(Job, Failure)
    /// The machine is on the image before; the server has not acknowledged the failure yet.
    case failed(Job, Failure)

    /// One offer that is being worked on.
    public struct Job: Hashable, Sendable {
        /// Which image, up to when, and by which rollout.
        public var offer: SignedMessage<Offer>
        /// The slot that the image goes to.
        public var slot: SlotName
        /// Trial boots so far that were cut off before they could tell how they were.
        public var cutTrials: Int
        /// The release counter of the image, once the signed metadata has told it; 1 before.
        public var counter: Int64
        /// What the slot is to read as, once the signed metadata has told it; the image before.
        public var payload: Payload
        /// How long the new image may take, as the image that installed it has set; in seconds.
        public var trialSeconds: Int64?
        /// The file that the update comes from, for one that was carried to the device; then the
        /// offer is the device's own.
        public var bundle: String?

        /// A job at its beginning, or as it was stored.
        public init(
            offer: SignedMessage<Offer>, slot: SlotName, cutTrials: Int = 0, counter: Int64 = 1,
            payload: Payload? = nil, trialSeconds: Int64? = nil, bundle: String? = nil
        ) {
            self.offer = offer
            self.slot = slot
            self.cutTrials = cutTrials
            self.counter = counter
            self.payload = payload ?? .sameBytes(as: offer.unverified.image)
            self.trialSeconds = trialSeconds
            self.bundle = bundle
        }

        /// What proof or failure of this update is told by.
        public var nonce: Nonce { offer.unverified.nonce }
        /// What is fetched.
        public var image: ImageReference { offer.unverified.image }
        /// Whether the update was carried to the device, so that its server knows nothing of it.
        public var isCarried: Bool { bundle != nil }
        /// What the device is brought to.
        public var release: ReleaseID { offer.unverified.release }
    }

    /// How far a trial is.
    public enum TrialStage: String, Hashable, Sendable {
        /// The bootloader is, or is about to be, told to try the slot.
        case armed
        /// The new image's agent has started.
        case begun
        /// Its health checks have passed.
        case passed
        /// Cut off without a verdict; the bootloader's note of the spent try goes first, so that it
        /// is not taken for a try that never came up.
        case cutOff = "cut off"
    }

    /// The update that this phase is about.
    public var job: Job? {
        switch self {
        case .idle: nil
        case .offered(let job), .downloading(let job, _), .verifying(let job),
            .installed(let job), .trial(let job, _), .confirming(let job), .proven(let job),
            .rollingBack(let job, _), .failed(let job, _):
            job
        }
    }

    /// The update that has to end before the next one may be carried here; `nil` when none has.
    ///
    /// A failure that nobody could be told of counts as one all the same once the lease is over. A
    /// proof does not, so the server hears of it first, but for an update that it knows nothing of.
    public var jobBeforeNextBundle: Job? {
        switch self {
        case .idle, .failed: nil
        case .proven(let job): job.isCarried ? nil : job
        case .offered(let job), .downloading(let job, _), .verifying(let job),
            .installed(let job), .trial(let job, _), .confirming(let job),
            .rollingBack(let job, _):
            job
        }
    }

    /// The word for this phase.
    public var word: String {
        switch self {
        case .idle: "idle"
        case .offered: "offered"
        case .downloading: "downloading"
        case .verifying: "verifying"
        case .installed: "installed"
        case .trial: "trial"
        case .confirming: "confirming"
        case .proven: "proven"
        case .rollingBack: "rolling back"
        case .failed: "failed"
        }
    }
}

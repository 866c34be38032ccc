public import Model
public import Rollouts
public import Wire

/// A device as the store keeps it.
public struct DeviceRecord: Hashable, Sendable {
    public var id: DeviceID
    public var hardware: HardwareModel
    public var publicKey: Ed25519PublicKey
    /// Of the newest check-in; the next one must be higher.
    public var sequence: Int64
    public var lifecycle: Lifecycle
    /// Why an operator lets nothing be installed on it for now; `nil` when nobody does.
    public var heldReason: String?
    /// Since when the server lets nothing be installed on it, because it kept failing.
    public var quarantined: Instant?
    /// Failures since the device last proved a release.
    public var failuresInARow: Int
    /// The one release that an operator lets it have; `nil` for any.
    public var pin: ReleaseID?
    public var slot: SlotName
    public var bootID: BootID
    public var release: ReleaseID?
    public var image: Digest?
    /// Whether the device said that its bootloader keeps what it booted.
    public var isConfirmed: Bool
    /// The phase that the device reported, in the wire's JSON.
    public var phaseJSON: [UInt8]
    public var lastFailure: Failure?
    /// What the device says of itself.
    public var reportedAttributes: Attributes
    /// What operators set; the device's own word does not win over it.
    public var setAttributes: Attributes
    public var lastSeen: Instant
    public var enrolled: Instant
    /// How it left the fleet; `nil` also for one that an older server retired.
    public var retirement: Retirement?
    /// The other key that somebody with an enrolment token has shown for this device since.
    public var askedKey: AskedKey?

    /// What a device shows that has lost its key, as after a factory reset, and a thief as well.
    public struct AskedKey: Hashable, Sendable {
        public var key: Ed25519PublicKey
        public var at: Instant

        public init(key: Ed25519PublicKey, at: Instant) {
            self.key = key
            self.at = at
        }
    }

    public enum Lifecycle: String, Hashable, Sendable, CaseIterable {
        case active
        case retired
    }

    public init(
        id: DeviceID, hardware: HardwareModel, publicKey: Ed25519PublicKey, sequence: Int64,
        lifecycle: Lifecycle, slot: SlotName, bootID: BootID, release: ReleaseID?, image: Digest?,
        isConfirmed: Bool, phaseJSON: [UInt8], lastFailure: Failure?,
        reportedAttributes: Attributes, setAttributes: Attributes = .none,
        lastSeen: Instant, enrolled: Instant, heldReason: String? = nil,
        quarantined: Instant? = nil, failuresInARow: Int = 0, pin: ReleaseID? = nil,
        askedKey: AskedKey? = nil, retirement: Retirement? = nil
    ) {
        self.id = id
        self.hardware = hardware
        self.publicKey = publicKey
        self.sequence = sequence
        self.lifecycle = lifecycle
        self.slot = slot
        self.bootID = bootID
        self.release = release
        self.image = image
        self.isConfirmed = isConfirmed
        self.phaseJSON = phaseJSON
        self.lastFailure = lastFailure
        self.reportedAttributes = reportedAttributes
        self.setAttributes = setAttributes
        self.lastSeen = lastSeen
        self.enrolled = enrolled
        self.heldReason = heldReason
        self.quarantined = quarantined
        self.failuresInARow = failuresInARow
        self.pin = pin
        self.askedKey = askedKey
        self.retirement = retirement
    }

    /// What rollouts decide by.
    public var attributes: Attributes { reportedAttributes.overridden(by: setAttributes) }
}

/// An image that may be offered: the server's belief, which every device checks for itself.
public struct ImageRecord: Hashable, Sendable {
    public var image: ImageReference
    public var release: ReleaseID
    public var hardware: Set<HardwareModel>
    public var from: Set<Version>
    public var mayDowngrade: Bool

    public init(
        image: ImageReference, release: ReleaseID, hardware: Set<HardwareModel>,
        from: Set<Version>, mayDowngrade: Bool
    ) {
        self.image = image
        self.release = release
        self.hardware = hardware
        self.from = from
        self.mayDowngrade = mayDowngrade
    }
}

/// An offer, which is also the lease that it takes.
public struct OfferRecord: Hashable, Sendable {
    public var nonce: Nonce
    public var device: DeviceID
    public var rollout: RolloutName
    public var wave: Int
    public var release: ReleaseID
    public var image: ImageReference
    /// The boot in which the device was when it got the offer: a proof comes from another one.
    public var bootID: BootID
    public var issued: Instant
    public var expires: Instant
    public var outcome: Outcome
    /// When the device was heard of last while it held the lease.
    public var heard: Instant
    /// When it was decided; `nil` while it is open.
    public var decided: Instant?

    public enum Outcome: Hashable, Sendable {
        /// The lease is held.
        case open
        case proven
        case failed(Failure)
        /// Taken back before it was installed; neither good nor bad.
        case cancelled
    }

    public init(
        nonce: Nonce, device: DeviceID, rollout: RolloutName, wave: Int, release: ReleaseID,
        image: ImageReference, bootID: BootID, issued: Instant, expires: Instant,
        outcome: Outcome, heard: Instant? = nil, decided: Instant? = nil
    ) {
        self.nonce = nonce
        self.device = device
        self.rollout = rollout
        self.wave = wave
        self.release = release
        self.image = image
        self.bootID = bootID
        self.issued = issued
        self.expires = expires
        self.outcome = outcome
        self.heard = heard ?? issued
        self.decided = decided
    }
}

/// A rollout as the store keeps it.
public struct RolloutRecord: Hashable, Sendable {
    public var name: RolloutName
    /// The rollout file, in the wire's JSON.
    public var fileJSON: [UInt8]
    /// Of the plan that was shown and started.
    public var planDigest: Digest
    /// For each wave the devices that it lists.
    public var listed: [[DeviceID]]
    /// For each wave the devices that it reached at planning, cumulative.
    public var deviceCounts: [Int]
    public var hardware: Set<HardwareModel>
    /// In what failures are looked for.
    public var scope: AttributionScope
    public var created: Instant
    /// Who started it.
    public var author: OperatorName
    public var priority: RolloutPriority
    public var state: RolloutState
    /// Rises with each change of the state.
    public var revision: Int64

    public init(
        name: RolloutName, fileJSON: [UInt8], planDigest: Digest, listed: [[DeviceID]],
        deviceCounts: [Int], hardware: Set<HardwareModel>, scope: AttributionScope,
        created: Instant, author: OperatorName, priority: RolloutPriority, state: RolloutState,
        revision: Int64
    ) {
        self.name = name
        self.fileJSON = fileJSON
        self.planDigest = planDigest
        self.listed = listed
        self.deviceCounts = deviceCounts
        self.hardware = hardware
        self.scope = scope
        self.created = created
        self.author = author
        self.priority = priority
        self.state = state
        self.revision = revision
    }
}

/// Devices of one kind that fail, and to which a rollout goes no more.
public struct PausedStratum: Hashable, Sendable {
    public var rollout: RolloutName
    public var stratum: Stratum
    public var at: Instant
    /// What was found, in one clause.
    public var reason: String

    public init(rollout: RolloutName, stratum: Stratum, at: Instant, reason: String) {
        self.rollout = rollout
        self.stratum = stratum
        self.at = at
        self.reason = reason
    }
}

/// Somebody's word that an open wave may be followed by the next.
public struct ApprovalRecord: Hashable, Sendable {
    public var rollout: RolloutName
    public var wave: Int
    /// When the wave opened: one that is opened again needs another approval.
    public var since: Instant
    public var by: OperatorName
    public var at: Instant

    public init(
        rollout: RolloutName, wave: Int, since: Instant, by: OperatorName, at: Instant
    ) {
        self.rollout = rollout
        self.wave = wave
        self.since = since
        self.by = by
        self.at = at
    }
}

/// What somebody outside said of an open wave; only ever added.
public struct OutsideAnswerRecord: Hashable, Sendable {
    public var rollout: RolloutName
    public var check: CheckName
    public var wave: Int
    /// The rollout's when it was asked.
    ///
    /// It rises when a wave opens, so an answer about one opening is never taken for one about
    /// another, even within a second.
    public var revision: Int64
    public var asked: AskedAnswer

    public init(
        rollout: RolloutName, check: CheckName, wave: Int, revision: Int64, asked: AskedAnswer
    ) {
        self.rollout = rollout
        self.check = check
        self.wave = wave
        self.revision = revision
        self.asked = asked
    }
}

/// How many devices of one wave stand how at one moment.
public struct WaveTally: Hashable, Sendable {
    public var wave: Int
    /// Devices that hold a lease.
    public var open = 0
    public var proven = 0
    /// Devices whose newest try failed, by class; those that are tried again are not among them.
    public var failures = FailureCounts.none
    /// Devices that failed and are undecided, because they are tried again.
    public var retrying = 0
    /// What of it the gate counts: the part that was not forgiven.
    public var evidence = Evidence()

    public struct Evidence: Hashable, Sendable {
        public var proven = 0
        public var failures = FailureCounts.none

        public init() {}
    }

    public init(wave: Int) { self.wave = wave }
}

/// A plan that was shown to somebody, so that exactly this one can be started.
public struct PlanRecord: Hashable, Sendable {
    public var digest: Digest
    public var at: Instant
    public var rollout: RolloutName
    /// The rollout file, in the wire's JSON.
    public var fileJSON: [UInt8]
    /// For each wave the devices that it lists, and how many it reached, cumulative.
    public var listed: [[DeviceID]]
    public var deviceCounts: [Int]
    /// The release's image for each model.
    public var images: [HardwareModel: Digest]
    public var scope: AttributionScope
    /// The rollouts that end when it starts, sorted.
    public var superseded: [RolloutName]

    public init(
        digest: Digest, at: Instant, rollout: RolloutName, fileJSON: [UInt8],
        listed: [[DeviceID]], deviceCounts: [Int], images: [HardwareModel: Digest],
        scope: AttributionScope, superseded: [RolloutName]
    ) {
        self.digest = digest
        self.at = at
        self.rollout = rollout
        self.fileJSON = fileJSON
        self.listed = listed
        self.deviceCounts = deviceCounts
        self.images = images
        self.scope = scope
        self.superseded = superseded
    }
}

/// Something that happened to the fleet; only ever added.
public struct EventRecord: Hashable, Sendable {
    public var at: Instant
    public var device: DeviceID?
    public var rollout: RolloutName?
    public var what: String

    public init(at: Instant, device: DeviceID?, rollout: RolloutName?, what: String) {
        self.at = at
        self.device = device
        self.rollout = rollout
        self.what = what
    }
}

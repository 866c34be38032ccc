internal import Audit
public import Model
public import Trust
public import Rollouts

/// The server's use cases: each loads, decides by pure functions, stores, and then answers.
public struct Orchestrator: Sendable {
    let store: any Store
    let files: any RepositoryFiles
    let images: any ImageStore
    let spool: any UploadSpool
    let uploads: Uploads
    let signers: OnlineSigners
    let cryptography: CryptographySuite
    let settings: Settings
    let zones: any TimeZones
    let outside: any OutsideGateProbe
    let now: @Sendable () -> Instant
    /// What the clock that it was given says.
    public var moment: Instant { now() }
    let makeNonce: @Sendable () throws -> Nonce
    let publisher: Publisher
    /// Vouches for people without tokens of ours; `nil` for nobody.
    public var identityProvider: (any IdentityProvider)?
    let underWay = QuestionsUnderWay()
    let memory = RolloutMemory()
    let deviceKeys = DeviceKeyMemory()
    /// Of the key that signs offers and directives.
    let offerKeyID: KeyID
    /// Rings after each change that this server stores.
    public let news = EventNews()

    /// What the person who runs the server decides.
    public struct Settings: Hashable, Sendable {
        /// How long an idle device waits between check-ins.
        public var checkInSeconds: Int
        /// Of a token by which every new device may enrol; `nil` when there is none.
        public var sharedEnrolmentTokenDigest: Digest?
        public var limits: Limits
        /// After how many failures in a row a device gets no more offers; at least 1.
        public var quarantineAfter: Int
        /// Addresses at or below which web hooks may be, whatever their scheme and place.
        public var trustedWebHooks: [OutsideAddress]
        /// Whether devices that nobody planned and that have no token may wait for an operator's
        /// word; each costs a row, and anybody can make one up.
        public var takesApplications: Bool

        public init(
            checkInSeconds: Int, sharedEnrolmentTokenDigest: Digest?, limits: Limits,
            quarantineAfter: Int = Settings.standardQuarantine,
            trustedWebHooks: [OutsideAddress] = [], takesApplications: Bool = false
        ) {
            self.checkInSeconds = checkInSeconds
            self.sharedEnrolmentTokenDigest = sharedEnrolmentTokenDigest
            self.limits = limits
            self.quarantineAfter = quarantineAfter
            self.takesApplications = takesApplications
            self.trustedWebHooks = trustedWebHooks
        }

        /// How devices that wait for a place under a limit are spread.
        var pacing: LeasePacing? {
            LeasePacing(
                arrivalsPerSecond: Self.arrivalsPerSecond,
                periodSeconds: min(10, checkInSeconds)...max(10, checkInSeconds))
        }

        /// What a small server answers without strain, with room for everything else.
        private static let arrivalsPerSecond = 500

        /// More failures than the retries of one rollout make, and few enough to matter.
        public static let standardQuarantine = 5
    }

    /// - Parameters:
    ///   - zones: Tells local time where maintenance windows ask for it.
    ///   - outside: Asks the outside checks of gates.
    ///   - now: The clock.
    ///   - makeNonce: Gives a name that nobody can guess and that never comes again.
    public init(
        store: any Store, files: any RepositoryFiles, images: any ImageStore,
        spool: any UploadSpool, signers: OnlineSigners,
        cryptography: CryptographySuite, settings: Settings,
        zones: any TimeZones, outside: any OutsideGateProbe, now: @escaping @Sendable () -> Instant,
        makeNonce: @escaping @Sendable () throws -> Nonce
    ) {
        self.store = store
        self.files = files
        self.images = images
        self.spool = spool
        uploads = Uploads(spool: spool, hashing: cryptography.hashing)
        self.signers = signers
        self.cryptography = cryptography
        self.settings = settings
        self.zones = zones
        self.outside = outside
        self.now = now
        self.makeNonce = makeNonce
        offerKeyID = signers.offer.publicKey.keyID(hashing: cryptography.hashing)
        publisher = Publisher(
            files: files, images: images, signers: signers, cryptography: cryptography,
            limits: settings.limits)
    }

    /// The most bytes of a check-in, and of any other request but an image.
    public var messageLimitBytes: Int { settings.limits.messageBytes }
    public var requestLimitBytes: Int { settings.limits.requestBytes }
    /// The longest submission of metadata: a few files, each of which doubles at most on its way.
    public var metadataLimitBytes: Int { 4 * settings.limits.targetsBytes }

    /// Whether the store answers.
    public func checkHealth() async throws(Refusal) {
        // One row: anybody may ask this, as often as they like.
        try await read { _ = try $0.newestEventNumber() }
    }

    func read<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws(Refusal) -> Answer {
        do { return try await store.read(body) } catch { throw .wrapping(error) }
    }

    /// For what looks at all devices.
    func readFleet<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws(Refusal) -> Answer {
        do { return try await store.readFleet(body) } catch { throw .wrapping(error) }
    }

    /// - Parameter actor: Who causes what `body` changes, as the log will tell.
    func write<Answer: Sendable>(
        as actor: AuditActor, at moment: Instant,
        _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws(Refusal) -> Answer {
        let pen = AuditPen(actor, at: moment, hashing: cryptography.hashing)
        do {
            let answer = try await store.write(with: pen, body)
            news.ring()
            return answer
        } catch { throw .wrapping(error) }
    }

    /// What selectors may ask for at `moment`; places in no rollout's order.
    func context(at moment: Instant) -> SelectorContext {
        let order = FleetOrder.ofFleet(by: cryptography.hashing)
        return SelectorContext(now: moment) { order.bucket(of: $0) }
    }

    /// A device's place in the fleet's order of one rollout.
    func bucket(in rollout: RolloutName) -> @Sendable (DeviceID) -> Bucket {
        let order = FleetOrder.ofRollout(rollout, by: cryptography.hashing)
        return { order.bucket(of: $0) }
    }
}

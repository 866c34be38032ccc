public import Model
public import Trust
public import Rollouts

/// The server's use cases: each loads, decides by pure functions, stores, and then answers.
public struct Orchestrator: Sendable {
    let store: any Store
    let files: any RepositoryFiles
    let signers: OnlineSigners
    let cryptography: CryptographySuite
    let settings: Settings
    let zones: any TimeZones
    let outside: any OutsideGateProbe
    let now: @Sendable () -> Instant
    let makeNonce: @Sendable () throws -> Nonce
    let publisher: Publisher
    let underWay = QuestionsUnderWay()

    /// What the person who runs the server decides.
    public struct Settings: Hashable, Sendable {
        /// How long an idle device waits between check-ins.
        public var checkInSeconds: Int
        /// Of the token that a new device must show.
        public var enrolmentTokenDigest: Digest
        /// Of the tokens that operators must show, each their own.
        public var operatorTokenDigests: [OperatorName: Digest]
        public var limits: Limits
        /// After how many failures in a row a device gets no more offers; at least 1.
        public var quarantineAfter: Int
        /// Whether devices that nobody planned and that have no token may wait for an operator's
        /// word; each costs a row, and anybody can make one up.
        public var takesApplications: Bool

        public init(
            checkInSeconds: Int, enrolmentTokenDigest: Digest,
            operatorTokenDigests: [OperatorName: Digest], limits: Limits,
            quarantineAfter: Int = Settings.standardQuarantine, takesApplications: Bool = false
        ) {
            self.checkInSeconds = checkInSeconds
            self.enrolmentTokenDigest = enrolmentTokenDigest
            self.operatorTokenDigests = operatorTokenDigests
            self.limits = limits
            self.quarantineAfter = quarantineAfter
            self.takesApplications = takesApplications
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
        store: any Store, files: any RepositoryFiles, signers: OnlineSigners,
        cryptography: CryptographySuite, settings: Settings,
        zones: any TimeZones, outside: any OutsideGateProbe, now: @escaping @Sendable () -> Instant,
        makeNonce: @escaping @Sendable () throws -> Nonce
    ) {
        self.store = store
        self.files = files
        self.signers = signers
        self.cryptography = cryptography
        self.settings = settings
        self.zones = zones
        self.outside = outside
        self.now = now
        self.makeNonce = makeNonce
        publisher = Publisher(
            files: files, signers: signers, cryptography: cryptography, limits: settings.limits)
    }

    /// The most bytes of a check-in, and of any other request but an image.
    public var messageLimitBytes: Int { settings.limits.messageBytes }
    public var requestLimitBytes: Int { settings.limits.requestBytes }
    /// The longest submission of metadata: a few files, each of which doubles at most on its way.
    public var metadataLimitBytes: Int { 4 * settings.limits.targetsBytes }

    /// Whose token this is; `nil` for nobody's.
    ///
    /// Digests are compared, so that the time it takes tells nothing about the token.
    public func operatorName(token: String) -> OperatorName? {
        let shown = cryptography.hashing.sha256(Array(token.utf8))
        return settings.operatorTokenDigests.first { $0.value == shown }?.key
    }

    /// Whether the store answers.
    public func checkHealth() async throws(Refusal) {
        try await read { _ = try $0.rollouts() }
    }

    func read<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Answer
    ) async throws(Refusal) -> Answer {
        do { return try await store.read(body) } catch { throw .wrapping(error) }
    }

    func write<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreWriter) throws -> Answer
    ) async throws(Refusal) -> Answer {
        do { return try await store.write(body) } catch { throw .wrapping(error) }
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

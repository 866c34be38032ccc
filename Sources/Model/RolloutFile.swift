/// A rollout as its author wrote it: text and numbers that nobody has checked yet.
///
/// `Wire` reads and writes it, `Rollouts` checks it; here it is only carried.
public struct RolloutFile: Hashable, Sendable {
    public var rollout: String
    public var release: String
    /// A selector.
    public var devices: String
    public var waves: [Wave]
    public var gate: Gate
    public var limits: Limits
    public var onFailure: String?
    /// How long after its start the rollout ends by itself, such as `14d`.
    public var expires: String?

    public init(
        rollout: String, release: String, devices: String, waves: [Wave], gate: Gate = Gate(),
        limits: Limits = Limits(), onFailure: String? = nil, expires: String? = nil
    ) {
        self.rollout = rollout
        self.release = release
        self.devices = devices
        self.waves = waves
        self.gate = gate
        self.limits = limits
        self.onFailure = onFailure
        self.expires = expires
    }

    /// One of `sample` (with `strata`), `count`, `percent`, `devices` and `list`.
    public struct Wave: Hashable, Sendable {
        public var name: String
        public var sample: Int?
        public var strata: [String]
        /// Cumulative, of all devices the selector picks, such as `5` or `2.5%`.
        public var percent: String?
        /// So many devices, in the fleet's stable order.
        public var count: Int?
        /// A selector among the rollout's own devices.
        public var devices: String?
        /// Devices by name.
        public var list: [String]
        public var soak: String?
        /// `required`: somebody other than the author has to approve before the next wave opens.
        public var approval: String?

        public init(
            name: String, sample: Int? = nil, strata: [String] = [], percent: String? = nil,
            count: Int? = nil, devices: String? = nil, list: [String] = [], soak: String? = nil,
            approval: String? = nil
        ) {
            self.name = name
            self.sample = sample
            self.strata = strata
            self.percent = percent
            self.count = count
            self.devices = devices
            self.list = list
            self.soak = soak
            self.approval = approval
        }
    }

    public struct Gate: Hashable, Sendable {
        public var maxFailureRate: String?
        public var confidence: String?
        public var minConfirmed: Int?
        public var require: String?
        public var overdueAfter: String?

        public init(
            maxFailureRate: String? = nil, confidence: String? = nil, minConfirmed: Int? = nil,
            require: String? = nil, overdueAfter: String? = nil
        ) {
            self.maxFailureRate = maxFailureRate
            self.confidence = confidence
            self.minConfirmed = minConfirmed
            self.require = require
            self.overdueAfter = overdueAfter
        }
    }

    public struct Limits: Hashable, Sendable {
        /// The most devices that may hold a lease at once.
        public var concurrent: Int?

        public init(concurrent: Int? = nil) { self.concurrent = concurrent }
    }
}

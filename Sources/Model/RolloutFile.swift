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
    public var retries: Retries?
    /// `1` to `9`, or `emergency`.
    public var priority: String?
    /// Which unfinished rollouts end when this one starts.
    public var supersedes: Supersedes?
    public var onFailure: String?
    /// The release that a revert goes back to; by default the one that most devices came from.
    public var revertTo: String?
    /// How long after its start the rollout ends by itself, such as `14d`.
    public var expires: String?
    /// How long after an offer somebody at the device may put off the restart, such as `24h`.
    public var deferFor: String?

    public init(
        rollout: String, release: String, devices: String, waves: [Wave], gate: Gate = Gate(),
        limits: Limits = Limits(), retries: Retries? = nil, priority: String? = nil,
        supersedes: Supersedes? = nil, onFailure: String? = nil, revertTo: String? = nil,
        expires: String? = nil, deferFor: String? = nil
    ) {
        self.rollout = rollout
        self.release = release
        self.devices = devices
        self.waves = waves
        self.gate = gate
        self.limits = limits
        self.retries = retries
        self.priority = priority
        self.supersedes = supersedes
        self.onFailure = onFailure
        self.revertTo = revertTo
        self.expires = expires
        self.deferFor = deferFor
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
        /// How fast devices may be offered the release while this wave is the open one.
        public var rate: Rate?

        public init(
            name: String, sample: Int? = nil, strata: [String] = [], percent: String? = nil,
            count: Int? = nil, devices: String? = nil, list: [String] = [], soak: String? = nil,
            approval: String? = nil, rate: Rate? = nil
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
            self.rate = rate
        }
    }

    /// Such as `60/min`, twice as fast for `500 confirmed` each, up to `5000/min`.
    public struct Rate: Hashable, Sendable {
        public var start: String
        public var factor: Int?
        public var every: String?
        public var max: String?

        public init(
            start: String, factor: Int? = nil, every: String? = nil, max: String? = nil
        ) {
            self.start = start
            self.factor = factor
            self.every = every
            self.max = max
        }
    }

    public struct Gate: Hashable, Sendable {
        public var maxFailureRate: String?
        public var confidence: String?
        public var minConfirmed: Int?
        public var require: String?
        public var overdueAfter: String?
        /// Classes of failures that are counted by themselves, and how many of each are accepted.
        public var perClass: [String: String]
        /// Questions to somebody outside, at most 8.
        public var checks: [Check]

        public init(
            maxFailureRate: String? = nil, confidence: String? = nil, minConfirmed: Int? = nil,
            require: String? = nil, overdueAfter: String? = nil, perClass: [String: String] = [:],
            checks: [Check] = []
        ) {
            self.maxFailureRate = maxFailureRate
            self.confidence = confidence
            self.minConfirmed = minConfirmed
            self.require = require
            self.overdueAfter = overdueAfter
            self.perClass = perClass
            self.checks = checks
        }
    }

    /// One of `prometheus` (with `pass`), `webhook` and `command`.
    public struct Check: Hashable, Sendable {
        public var name: String
        /// A query in PromQL.
        public var prometheus: String?
        /// An address that is told of the wave, and answers.
        public var webhook: String?
        /// A program in the server's own folder of gate commands.
        public var command: String?
        /// What every sample of the query's answer has to satisfy, such as `< 0.01`.
        public var pass: String?
        /// How often it is asked, such as `30s`.
        public var every: String?
        public var timeout: String?

        public init(
            name: String, prometheus: String? = nil, webhook: String? = nil,
            command: String? = nil, pass: String? = nil, every: String? = nil,
            timeout: String? = nil
        ) {
            self.name = name
            self.prometheus = prometheus
            self.webhook = webhook
            self.command = command
            self.pass = pass
            self.every = every
            self.timeout = timeout
        }
    }

    public struct Limits: Hashable, Sendable {
        /// The most devices that may hold a lease at once.
        public var concurrent: Int?
        /// For an attribute, how many of the devices that share a value may hold a lease at once:
        /// `25%` or `3`.
        public var per: [String: String]
        /// Attributes of which no two devices with the same value hold a lease at once.
        public var neverTogether: [String]
        public var window: Window?
        /// How many bytes may be offered, such as `200 GB/day`.
        public var egress: String?

        public init(
            concurrent: Int? = nil, per: [String: String] = [:], neverTogether: [String] = [],
            window: Window? = nil, egress: String? = nil
        ) {
            self.concurrent = concurrent
            self.per = per
            self.neverTogether = neverTogether
            self.window = window
            self.egress = egress
        }
    }

    /// How often a device that failed is tried again.
    public struct Retries: Hashable, Sendable {
        /// The most tries after the first.
        public var max: Int?
        /// How long the first pause is, such as `10m`; each next one is twice as long.
        public var backoff: String?
        /// The classes of failures after which it is tried again.
        public var classes: [String]

        public init(max: Int? = nil, backoff: String? = nil, classes: [String] = []) {
            self.max = max
            self.backoff = backoff
            self.classes = classes
        }
    }

    /// `older`, or the names of rollouts.
    public enum Supersedes: Hashable, Sendable {
        case older
        case named([String])
    }

    /// When leases may be taken, in local time.
    public struct Window: Hashable, Sendable {
        /// Such as `mon-fri`; every day by default.
        public var days: String?
        public var from: String
        public var to: String
        /// `device`, `site`, or the name of a time zone.
        public var zone: String

        public init(days: String? = nil, from: String, to: String, zone: String) {
            self.days = days
            self.from = from
            self.to = to
            self.zone = zone
        }
    }
}

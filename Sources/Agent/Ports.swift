public import Model

/// How the agent reaches its server; one exchange at a time, always with an end.
public protocol Transport: UpdateSource {
    /// Sends a signed check-in and returns the answer, whoever wrote it.
    func checkIn(_ message: [UInt8]) throws(TransportError) -> [UInt8]
}

/// Where metadata and images come from: a server, its mirrors or a bundle.
///
/// Nothing of it is trusted.
public protocol UpdateSource {
    /// Told that what was fetched last is not what is signed: where it came from is avoided for a
    /// while.
    ///
    /// - Returns: Whether asking again asks another place, so that nobody is accused yet.
    func avoidSource(of kind: RepositoryFileKind) -> Bool

    /// Fetches at most `limitBytes` of the metadata file `name`; `nil` when there is none.
    func metadata(_ name: String, limitBytes: Int) throws(TransportError) -> [UInt8]?

    /// Fetches an image from `offset` on and hands its pieces to `receive` until that says `false`.
    ///
    /// - Parameter maximumBytes: What is missing: the signed length of the image less `offset`.
    ///   No more is handed on.
    /// - Throws: ``TransportError``; ``TransportError/foreign(_:)`` for a file of another length.
    func image(
        _ path: String, from offset: Int64, maximumBytes: Int64, receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd
}

extension UpdateSource {
    /// For sources that know one place only.
    public func avoidSource(of kind: RepositoryFileKind) -> Bool { false }
}

/// What of a repository is fetched.
public enum RepositoryFileKind: Hashable, Sendable, CaseIterable { case metadata, image }

/// How the transfer of an image ended without an error of the network.
public enum ImageEnd: Hashable, Sendable {
    case complete
    /// `receive` said `false`.
    case stopped
    /// The server cannot begin at the offset: begin at zero.
    case cannotResume
    /// The server has no such image.
    case absent
}

/// Why an exchange did not happen; asking again later may help unless ``isPermanent``.
public enum TransportError: Error, Hashable, CustomStringConvertible {
    case unreachable(String)
    /// The server answered, and not with a success.
    case refused(status: Int, String)
    /// The server asks to be left alone for so long.
    case busy(status: Int, retryAfterSeconds: Int64)
    /// What answered does not speak for the server, as the login page of a network does not.
    case foreign(String)
    /// More bytes than were asked for.
    case tooLong
    /// A bundle that was carried to the device cannot be read.
    case bundle(String)

    public var description: String {
        switch self {
        case .unreachable(let reason): "the server cannot be reached: \(reason)"
        case .refused(let status, let reason): "the server answered \(status): \(reason)"
        case .busy(let status, let seconds):
            "the server answered \(status) and asks to be left alone for \(seconds) s"
        case .foreign(let reason):
            "the answer is not the server's file: \(reason)"
                + " (a login page of the network or a mirror that is out of date may be in the way)"
        case .tooLong: "the server sent more than was asked for (it may be an endless-data attack)"
        case .bundle(let reason): "the bundle cannot be read: \(reason)"
        }
    }

    /// Whether asking for the same thing again would not help: the server refuses it for good.
    public var isPermanent: Bool {
        switch self {
        // A medium may be put in again.
        case .unreachable, .busy, .foreign, .bundle: false
        // A payment or a password that a network or proxy asks for says nothing about the server;
        // timeout, misdirected, too early and too many requests ask for another try.
        case .refused(let status, _):
            (400..<500).contains(status) && ![402, 407, 408, 421, 425, 429].contains(status)
        case .tooLong: true
        }
    }

    /// The longest that a server may ask a device to stay away.
    public static let maximumRetryAfter = Duration.seconds(86_400)

    /// How long the server asks to be left alone.
    public var retryAfter: Duration? {
        switch self {
        case .busy(_, let seconds):
            min(.seconds(max(0, seconds)), Self.maximumRetryAfter)
        case .unreachable, .refused, .foreign, .tooLong, .bundle: nil
        }
    }
}

/// The places that hold one complete image each.
public protocol SlotSet {
    /// Whether images of this format can be put into these slots.
    func takes(_ format: Payload.Format) -> Bool

    /// The slot that an update may be written to while `booted` runs.
    func spare(besides booted: SlotName) throws(SlotError) -> SlotName

    /// Opens `slot` to take an image, of which `offset` bytes were written durably before.
    ///
    /// - Parameters:
    ///   - length: Of the image as it is fetched, in bytes.
    ///   - kept: Takes those bytes of the image that need not be written again, piece by piece.
    /// - Returns: How many bytes were kept, at most `offset`; writing goes on from there. Slots that
    ///   took these bytes earlier in this process, and cannot read them any more, hand on none of
    ///   them and go on nevertheless, where `offset` is exactly how many they took. When any other
    ///   number of bytes was handed on than is returned, the slot is begun again, at 0.
    func begin(
        _ slot: SlotName, _ payload: Payload, length: Int64, at offset: Int64,
        kept: ([UInt8]) -> Void
    ) throws(SlotError) -> Int64
    /// Takes the next bytes of the image.
    func write(_ bytes: [UInt8]) throws(SlotError)
    /// Returns once everything that was written survives a power cut.
    func sync() throws(SlotError)
    /// Makes what was written, and has been found to be the signed image, the content of the slot;
    /// durable when it returns.
    ///
    /// - Parameter describe: For a format without signed content: takes the bytes that
    ///   ``read(_:length:receive:)`` is going to hand on.
    func finish(describe: ([UInt8]) -> Void) throws(SlotError)
    /// Closes the slot, whether or not it was finished.
    func end()

    /// Hands on what the medium holds in `slot`, piece by piece: its first `length` bytes, or a
    /// description that changes when anything in the slot does.
    func read(
        _ slot: SlotName, length: Int64, receive: ([UInt8]) -> Void
    ) throws(SlotError)

    /// What was verified to be in `slot`; `nil` when that is not known.
    func content(of slot: SlotName) throws(SlotError) -> SlotContent?
    /// Notes durably what the slot was found to hold; `nil` when that is known no longer.
    func setContent(_ content: SlotContent?, of slot: SlotName) throws(SlotError)
}

/// What a slot was verified to hold.
public struct SlotContent: Hashable, Sendable {
    /// What the image is called.
    public var release: ReleaseID
    /// Of the image, which is its name everywhere.
    public var sha256: Digest
    /// What the slot reads as.
    public var payload: Payload

    /// Made once the medium was read and compared.
    public init(release: ReleaseID, sha256: Digest, payload: Payload) {
        self.release = release
        self.sha256 = sha256
        self.payload = payload
    }
}

/// Why a slot or a file of the device could not be used.
public enum SlotError: Error, Hashable, CustomStringConvertible {
    case full(path: String)
    case missing(path: String)
    /// The operating system said no; `operation` and `reason` in its words.
    case failed(operation: String, path: String, reason: String)
    case malformed(path: String, problem: String)

    public var description: String {
        switch self {
        case .full(let path): "no space is left for \(path)"
        case .missing(let path): "\(path) does not exist"
        case .failed(let operation, let path, let reason): "cannot \(operation) \(path): \(reason)"
        case .malformed(let path, let problem): "\(path) is malformed: \(problem)"
        }
    }
}

/// What decides which slot boots; its word counts, never the agent's memory.
public protocol Bootloader {
    /// What booted, what is confirmed, and what became of a trial; asked at each start.
    func status() throws(SlotError) -> BootStatus
    /// Boots `slot` once, next time; durable when it returns, and harmless to repeat.
    func arm(_ slot: SlotName) throws(SlotError)
    /// Makes `slot` the one that boots from now on; durable, and harmless to repeat.
    func confirm(_ slot: SlotName) throws(SlotError)
    /// Forgets a trial, spent or not; durable, and harmless to repeat.
    func disarm() throws(SlotError)
    /// What the restart that begins the trial has to be given, where arming is a part of it.
    var rebootArgument: String? { get }
}

extension Bootloader {
    /// Most bootloaders read what they need from a file.
    public var rebootArgument: String? { nil }
}

/// What the bootloader says.
public struct BootStatus: Hashable, Sendable {
    /// The slot that runs.
    public var booted: SlotName
    /// New with each start of the machine.
    public var bootID: BootID
    /// The slot that boots when there is no trial.
    public var confirmed: SlotName
    /// Whether a slot is to be tried, or was.
    public var trial: Trial

    /// What the bootloader knows of a trial.
    public enum Trial: Hashable, Sendable {
        case none
        /// The next boot tries this slot.
        case armed(SlotName)
        /// This slot had its trial boot.
        case spent(SlotName)
        /// This slot may have had its trial boot, or the power was cut before: the bootloader
        /// keeps no note of it.
        case untold(SlotName)
    }

    /// What was read from the bootloader's own files, never from the agent's.
    public init(booted: SlotName, bootID: BootID, confirmed: SlotName, trial: Trial) {
        self.booted = booted
        self.bootID = bootID
        self.confirmed = confirmed
        self.trial = trial
    }

    /// Whether the image in `slot` must stay: it runs, or it is the one to go back to.
    public func needs(_ slot: SlotName) -> Bool { slot == booted || slot == confirmed }
}

/// Whether the booted image does its work.
public protocol HealthCheck {
    /// - Parameter time: How long it may take at most; what is not known to be healthy by then is
    ///   not.
    func run(in slot: SlotName, within time: Duration) -> HealthVerdict
}

/// What a health check has found.
public enum HealthVerdict: Hashable, Sendable {
    case healthy
    /// One sentence for a person.
    case unhealthy(String)
}

/// What the agent keeps across restarts; each write is whole and durable, or did not happen.
public protocol AgentStore {
    /// What was saved last; `nil` on a new device.
    func loadState() throws(SlotError) -> [UInt8]?
    /// Keeps the state in the place of the one before.
    func saveState(_ bytes: [UInt8]) throws(SlotError)

    /// The trusted metadata in the file `name`, such as `timestamp.json`; for `root.json` at least
    /// the one that came with the device.
    func loadMetadata(_ name: String) throws(SlotError) -> [UInt8]?
    /// Keeps the metadata under `name`; `nil` forgets it.
    func saveMetadata(_ name: String, _ bytes: [UInt8]?) throws(SlotError)
}

/// Told of what happens, in the order in which it does.
public protocol AgentObserver {
    /// Returns soon: the agent waits.
    func observe(_ event: AgentNotice)
}

/// Something an operator at the device wants to know.
public enum AgentNotice: Hashable, Sendable {
    case phase(String)
    /// A download goes on behind the bytes that were there before.
    case resumed(atByte: Int64)
    case checkInFailed(String)
    case untrusted(String)
    case slow(String)
    /// Something went wrong that the update does not depend on; one sentence for a person.
    case trouble(String)
    /// Somebody or something at the device has the update wait; one sentence for a person.
    case waiting(String)
}

/// The clocks of the machine.
public protocol AgentClock {
    /// The time of day, which may be wrong by years before a device has found out.
    var now: Instant { get }
    /// Since the machine booted; never steps, and goes on while the machine sleeps.
    var uptime: Duration { get }
}

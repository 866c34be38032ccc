public import Model

/// How the agent reaches its server; one exchange at a time, always with an end.
public protocol Transport: UpdateSource {
    /// Sends a signed check-in and returns the answer, whoever wrote it.
    func checkIn(_ message: [UInt8]) throws(TransportError) -> [UInt8]
}

/// Where metadata and images come from: a server, a mirror or a bundle. Nothing of it is trusted.
public protocol UpdateSource {
    /// Fetches at most `limitBytes` of the metadata file `name`; `nil` when there is none.
    func metadata(_ name: String, limitBytes: Int) throws(TransportError) -> [UInt8]?

    /// Fetches an image from `offset` on and hands its pieces to `receive` until that says `false`.
    ///
    /// At most `maximumBytes` are handed on, counted from `offset`.
    func image(
        _ path: String, from offset: Int64, maximumBytes: Int64, receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd
}

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
    /// More bytes than were asked for.
    case tooLong

    public var description: String {
        switch self {
        case .unreachable(let reason): "the server cannot be reached: \(reason)"
        case .refused(let status, let reason): "the server answered \(status): \(reason)"
        case .tooLong: "the server sent more than was asked for (it may be an endless-data attack)"
        }
    }

    /// Whether asking for the same thing again would not help: the server refuses it for good.
    public var isPermanent: Bool {
        switch self {
        case .unreachable: false
        // Timeout, misdirected, too early and too many requests ask for another try.
        case .refused(let status, _):
            (400..<500).contains(status) && ![408, 421, 425, 429].contains(status)
        case .tooLong: true
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
    func setContent(_ content: SlotContent?, of slot: SlotName) throws(SlotError)
}

/// What a slot was verified to hold.
public struct SlotContent: Hashable, Sendable {
    public var release: ReleaseID
    /// Of the image, which is its name everywhere.
    public var sha256: Digest
    /// What the slot reads as.
    public var payload: Payload

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
    public var rebootArgument: String? { nil }
}

/// What the bootloader says.
public struct BootStatus: Hashable, Sendable {
    public var booted: SlotName
    public var bootID: BootID
    public var confirmed: SlotName
    public var trial: Trial

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

public enum HealthVerdict: Hashable, Sendable {
    case healthy
    /// One sentence for a person.
    case unhealthy(String)
}

/// What the agent keeps across restarts; each write is whole and durable, or did not happen.
public protocol AgentStore {
    func loadState() throws(SlotError) -> [UInt8]?
    func saveState(_ bytes: [UInt8]) throws(SlotError)

    /// The trusted metadata in the file `name`, such as `timestamp.json`; for `root.json` at least
    /// the one that came with the device.
    func loadMetadata(_ name: String) throws(SlotError) -> [UInt8]?
    /// `nil` forgets it.
    func saveMetadata(_ name: String, _ bytes: [UInt8]?) throws(SlotError)
}

/// Told of what happens, in the order in which it does.
public protocol AgentObserver {
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
    /// Somebody or something at the device has the update wait; one sentence for a person.
    case waiting(String)
}

/// The clocks of the machine.
public protocol AgentClock {
    var now: Instant { get }
    /// Since the machine booted; never steps, and goes on while the machine sleeps.
    var uptime: Duration { get }
}

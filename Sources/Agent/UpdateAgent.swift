public import Model
public import Trust
internal import Wire

/// Carries out what the phase asks for: loads, decides, stores, then acts.
///
/// One thread, one thing at a time. Whatever cuts an action off, the next start goes on from the
/// stored phase and the bootloader's word.
public final class UpdateAgent {
    let configuration: AgentConfiguration
    let ports: AgentPorts
    let cryptography: CryptographySuite
    /// What is stored; a power cut now would leave this.
    public private(set) var state: AgentState
    /// What the bootloader said at the start, and after a confirmation.
    public private(set) var boot: BootStatus
    /// What the booted slot was found to hold; `nil` when that cannot be told.
    public let content: SlotContent?
    /// Sequences up to ``AgentState/lastSequence`` are reserved on disk; this one was used last.
    var usedSequence: Int64
    private var failedTries = 0
    private var random: any RandomNumberGenerator
    /// How long the server has asked to be left alone, until the next pause.
    private var askedPause: Duration?
    /// Why the server took no check-in when it was last reached, such as a spent enrolment token or
    /// another key of the same device; `nil` once it has taken one.
    public internal(set) var refusal: String?
    /// What the update waits for, in one sentence, until the next step; `nil` when it does not.
    public internal(set) var waitsFor: String?
    /// Of the download under way, or of the last one.
    var fetched: FetchedDigest?
    /// The failed offer that the hook was told of since the agent's start.
    var toldHookOf: Nonce?

    /// What the caller does after one step.
    public enum Pause: Hashable, Sendable {
        case goOn
        case wait(Duration)
        /// Restart the machine; the agent does nothing more in this boot.
        case reboot
    }

    /// Loads the state and goes on from what the bootloader says.
    ///
    /// - Throws: ``AgentError`` when the device's own files cannot be read or written.
    public init(
        _ configuration: AgentConfiguration, ports: AgentPorts, cryptography: CryptographySuite
    ) throws(AgentError) {
        self.configuration = configuration
        self.ports = ports
        self.cryptography = cryptography
        random = ports.random
        state = try Self.storedState(ports)
        usedSequence = state.lastSequence
        do { boot = try ports.bootloader.status() } catch { throw .device(error) }
        content = Self.verifiedContent(of: boot.booted, ports, cryptography.hashing)
        try take(.started(boot))
    }

    private static func storedState(_ ports: AgentPorts) throws(AgentError) -> AgentState {
        let bytes: [UInt8]?
        do { bytes = try ports.store.loadState() } catch { throw .device(error) }
        guard let bytes else { return .new }
        do {
            let state = try AgentState(parsing: bytes)
            if state.isOfNewerAgent {
                ports.observer.observe(.trouble("the stored state is of a newer agent"))
            }
            return state
        } catch {
            switch error {
            case .damaged(let problem):
                // Better a device that reports anew than one that is never heard of again. Its
                // sequence must still rise: seconds since 1970 outrun any count of check-ins.
                ports.observer.observe(.untrusted("starting anew: \(problem)"))
                var state = AgentState.new
                state.lastSequence = max(0, ports.clock.now.secondsSinceEpoch) * 1000
                return state
            }
        }
    }

    /// Reads the booted slot again: a record from before is a belief, the bytes are not.
    ///
    /// A slot or record that cannot be read is one that the device cannot tell: it says so to the
    /// server, rather than never being heard of again.
    private static func verifiedContent(
        of slot: SlotName, _ ports: AgentPorts, _ hashing: any Hashing
    ) -> SlotContent? {
        do throws(SlotError) {
            guard let content = try ports.slots.content(of: slot) else { return nil }
            let isWhole = try ports.slots.holds(content.payload, in: slot, hashing)
            return isWhole ? content : nil
        } catch {
            ports.observer.observe(.untrusted("what slot \(slot) holds cannot be told: \(error)"))
            return nil
        }
    }

    /// Does the one thing that the phase asks for.
    ///
    /// - Throws: ``AgentError`` when the device's own files cannot be written; try again later.
    public func advance() throws(AgentError) -> Pause {
        waitsFor = nil
        if state.wipe == .demanded, state.phase == .idle { return try wipeStep() }
        switch state.phase.intent {
        case .checkIn(let report): return try checkInStep(report)
        case .authorize(let job): return try authorizeStep(job)
        case .download(let job, let from): return try downloadStep(job, from: from)
        case .readBack(let job): return try readBackStep(job)
        case .beginTrial(let job): return try beginTrialStep(job)
        case .bootTrial(let job): return try bootTrialStep(job)
        case .checkHealth(let job): return try healthStep(job)
        case .clearTrial:
            try disarm()
            try take(.trialCleared)
            return .goOn
        case .confirm(let job): return try confirmStep(job)
        case .returnToConfirmed: return .reboot
        case .reportFailure(let job, let failure):
            return try reportFailureStep(job, failure)
        }
    }

    func disarm() throws(AgentError) {
        do { try ports.bootloader.disarm() } catch { throw .device(error) }
    }

    /// The device's own key, by which the server knows it.
    public var publicKey: Ed25519PublicKey { ports.identity.publicKey }

    /// Stores what `event` makes of the phase, before anything that depends on it is done.
    func take(_ event: AgentEvent) throws(AgentError) {
        let word = state.phase.word
        try change { $0.phase = $0.phase.after(event) }
        if state.phase.word != word { ports.observer.observe(.phase(state.phase.word)) }
    }

    /// Stores what `edit` makes of the state; where that fails, the state stays what it was, so
    /// that nothing is ever done for a decision that a power cut would undo.
    func change(_ edit: (inout AgentState) -> Void) throws(AgentError) {
        var new = state
        edit(&new)
        guard new != state else { return }
        do { try ports.store.saveState(new.bytes) } catch { throw .device(error) }
        state = new
    }

    /// Time as the trust rules see it: never behind the newest moment that was trusted (TUF 5.1).
    var now: Instant { state.timeFloor.now(clock: ports.clock.now) }

    func succeeded() { failedTries = 0 }

    /// A random pause, longer with each failed try, up to the configured limit and beyond it only
    /// as long as the server asks for.
    func backoff() -> Pause {
        failedTries = min(failedTries + 1, 1000)
        let pauses = Backoff(
            base: .seconds(1), cap: max(Backoff.shortest, configuration.maximumPause))
        defer { askedPause = nil }
        return .wait(
            pauses.pause(afterFailures: failedTries, retryAfter: askedPause, using: &random))
    }

    /// Notes a failed exchange, and what the server asked for.
    func heard(_ error: TransportError) { askedPause = error.retryAfter }

    func confirmStep(_ job: AgentPhase.Job) throws(AgentError) -> Pause {
        do {
            try ports.bootloader.confirm(job.slot)
            boot = try ports.bootloader.status()
        } catch { throw .device(error) }
        guard boot.confirmed == job.slot else {
            try take(.gaveUp(Failure(.install, "the bootloader does not keep slot \(job.slot)")))
            return .goOn
        }
        let release = job.release
        let rank = ReleaseRank(counter: job.counter, version: release.version)
        try change { state in
            let newest = state.newestConfirmed[release.name]
            state.newestConfirmed[release.name] = max(newest ?? rank, rank)
        }
        try take(.confirmed)
        runLateHook(.postConfirm, job, nil)
        return .goOn
    }
}

extension SlotSet {
    /// Whether the medium holds what `payload` says.
    func holds(
        _ payload: Payload, in slot: SlotName, _ hashing: any Hashing
    ) throws(SlotError) -> Bool {
        var stream = hashing.sha256Stream()
        try read(slot, length: payload.installedLength) { stream.update($0) }
        return stream.finish() == payload.installedSHA256
    }
}

/// Why the agent cannot go on at all; nothing is lost, and a later try may succeed.
public enum AgentError: Error, Hashable, CustomStringConvertible {
    case device(SlotError)
    case identity(IdentityError)
    /// The device has no root of trust.
    case noRoot

    public var description: String {
        switch self {
        case .device(let error): "\(error)"
        case .identity(let error): "the device's key cannot be used: \(error)"
        case .noRoot: "the device has no trusted root metadata"
        }
    }
}

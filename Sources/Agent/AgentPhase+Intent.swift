public import Model
public import Wire

/// The one thing that the agent does next; all of them are safe to repeat.
public enum AgentIntent: Hashable, Sendable {
    case checkIn(PhaseReport)
    /// Refresh the metadata and compare the offer with it.
    case authorize(AgentPhase.Job)
    case download(AgentPhase.Job, from: Int64)
    case readBack(AgentPhase.Job)
    /// Tell the server that the trial begins, unless somebody at the device puts it off.
    case beginTrial(AgentPhase.Job)
    /// Arm the bootloader for one trial boot, and reboot.
    case bootTrial(AgentPhase.Job)
    case checkHealth(AgentPhase.Job)
    /// Make the bootloader forget a trial that was cut off, before it is armed again.
    case clearTrial
    case confirm(AgentPhase.Job)
    /// Boot the image before: the trial is spent, so any reboot leads there.
    case returnToConfirmed
    /// Clear the spent trial and tell why.
    case reportFailure(AgentPhase.Job, Failure)
}

extension AgentPhase {
    /// What this phase asks for; a function of the phase alone, so that a restart goes on with it.
    public var intent: AgentIntent {
        switch self {
        case .idle: .checkIn(.idle)
        case .offered(let job): .authorize(job)
        case .downloading(let job, let durableBytes): .download(job, from: durableBytes)
        case .verifying(let job): .readBack(job)
        case .installed(let job): .beginTrial(job)
        case .trial(let job, .armed): .bootTrial(job)
        case .trial(let job, .begun): .checkHealth(job)
        case .trial(let job, .passed): .checkIn(.trial(job.nonce))
        case .trial(_, .cutOff): .clearTrial
        case .confirming(let job): .confirm(job)
        case .proven(let job): .checkIn(.proven(job.nonce))
        case .rollingBack: .returnToConfirmed
        case .failed(let job, let failure): .reportFailure(job, failure)
        }
    }
}

public import Model

/// Why a command of somebody at the device was not carried out; nothing has changed then.
public enum CommandRefusal: Error, Hashable, CustomStringConvertible {
    /// An update is under way: what it brings, and the word for its phase.
    case underWay(ReleaseID, phase: String)
    /// The bundle cannot be opened.
    case unreadable(TransportError)
    /// The path of the bundle is not one that can be kept.
    case badPath
    /// What runs is confirmed, so only a signed release takes its place.
    case confirmed(slot: SlotName)
    /// The update has failed already, and the machine is, or is about to be, on the image before.
    case alreadyBack(ReleaseID)
    /// The trial has begun, or the update was carried here to begin at once.
    case cannotWait(ReleaseID, phase: String)
    /// The rollout lets nobody put off the restart after this moment.
    case deferralEnded(Instant)
    /// The device's own files or its key cannot be used.
    case agent(AgentError)

    public var description: String {
        switch self {
        case .underWay(let release, let phase):
            "the update to \(release) is under way (\(phase)); roll it back, or let it end first"
        case .unreadable(let error): "\(error)"
        case .badPath:
            "the path of a bundle is absolute, and at most"
                + " \(UpdateAgent.maximumBundlePathBytes) bytes long"
        case .confirmed(let slot):
            "the image in slot \(slot) is confirmed: a device leaves it only for a release that is"
                + " signed to follow it"
        case .alreadyBack(let release): "the update to \(release) has failed already"
        case .cannotWait(let release, let phase):
            "the update to \(release) cannot be put off any more (\(phase))"
        case .deferralEnded(let end): "the rollout lets nobody put off the restart after \(end)"
        case .agent(let error): "\(error)"
        }
    }
}

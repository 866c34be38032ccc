public import Model

/// Who caused a change: whoever asked for what its transaction carried out.
///
/// What follows from a request in the same transaction, such as the gate that looks at a proof, is
/// caused by the one who asked, too.
public enum AuditActor: Hashable, Sendable {
    /// A check-in that the device's own key had signed.
    case device(DeviceID)
    /// Whoever showed the token that stands for this name.
    case `operator`(OperatorName)
    /// Somebody by no key that is known: with a right to enrol, or asking to be taken in.
    case stranger
    /// Time, or the start of a server.
    case server

    /// As in a row: what kind of actor, and its name after a colon where it has one.
    public var text: String {
        switch self {
        case .device(let id): "device:\(id)"
        case .operator(let name): "operator:\(name)"
        case .stranger: "stranger"
        case .server: "server"
        }
    }

    /// Returns `nil` for every text that ``text`` could not have written.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.count == 2 ? String(parts[1]) : nil
        switch (parts.first, name) {
        case ("device", let name?):
            guard let id = DeviceID(name) else { return nil }
            self = .device(id)
        case ("operator", let name?):
            guard let name = OperatorName(name) else { return nil }
            self = .operator(name)
        case ("stranger", nil): self = .stranger
        case ("server", nil): self = .server
        default: return nil
        }
    }
}

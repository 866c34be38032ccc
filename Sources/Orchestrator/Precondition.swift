internal import Model
internal import Trust
public import Wire

/// What somebody saw who now asks for a change, so that nobody undoes what they have not seen.
///
/// Entity tags of RFC 9110 section 8.8.3, without their quotes.
public enum Precondition: Hashable, Sendable {
    /// The change is wanted whatever there is.
    case none
    /// There must be something.
    case existence
    /// It must be one of these.
    case tags([String])

    /// - Parameter tag: Of what there is now; `nil` when there is nothing.
    /// - Throws: ``Refusal/outdated(_:)``.
    func check(_ tag: String?) throws(Refusal) {
        switch self {
        case .none: return
        case .existence where tag != nil: return
        case .tags(let tags) where tag.map { tags.contains($0) } ?? false: return
        case .existence: throw .outdated("there is nothing that If-Match could mean")
        case .tags: throw .outdated("somebody changed it meanwhile; look again")
        }
    }
}

extension RolloutSummary {
    /// Changes with the state, not with the devices that come and go.
    public var tag: String { "r\(revision)" }
}

extension CohortSummary {
    public var tag: String { "c\(version.number)" }
}

extension CohortHistory {
    public var tag: String { versions.first?.tag ?? "c0" }
}

extension Orchestrator {
    /// Changes with what operators decide about the device, not with what the device reports.
    public func tag(of device: DeviceSummary) -> String {
        let set = device.setAttributes.values.sorted { $0.key < $1.key }
        let decided =
            [
                device.standing, device.pin.map { "\($0)" } ?? "", device.askedKey?.hex ?? "",
                device.retirement.map { "\($0.at)" } ?? "",
            ] + set.map { "\($0.key)=\($0.value)" }
        let digest = cryptography.hashing.sha256(Array(decided.joined(separator: "\n").utf8))
        return "d\(digest.hex.prefix(16))"
    }
}

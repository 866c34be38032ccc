public import Model

/// Why a device is no candidate for a release, whatever its wave.
public enum Ineligibility: Hashable, Sendable {
    case notSelected
    case retired
    case quarantined
    case held(reason: String)
    case wrongHardware(HardwareModel)
    /// The device runs this very image.
    case alreadyInstalled
    /// An operator lets the device have this release only.
    case pinned(ReleaseID)
    /// The device runs a later version of the same release.
    case downgrade(from: Version)
    /// The image can only be installed over one of these versions.
    case steppingStone(needs: [Version])

    /// The reasons without their facts, to be counted by; in the order in which they are asked.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case notSelected = "not_selected"
        case retired
        case quarantined
        case held
        case wrongHardware = "wrong_hardware"
        case alreadyInstalled = "already_installed"
        case pinned
        case downgrade
        case steppingStone = "stepping_stone"
    }

    public var kind: Kind {
        switch self {
        case .notSelected: .notSelected
        case .retired: .retired
        case .quarantined: .quarantined
        case .held: .held
        case .wrongHardware: .wrongHardware
        case .alreadyInstalled: .alreadyInstalled
        case .pinned: .pinned
        case .downgrade: .downgrade
        case .steppingStone: .steppingStone
        }
    }
}

extension RolloutSpec {
    /// The first reason for which `device` cannot be a candidate; `nil` when it can.
    ///
    /// This is the only place where candidates are told from others, when a rollout is planned and
    /// when a device asks. A device whose release is unknown, or is of another name, cannot be
    /// downgraded; it can only take an image that may be installed over any version.
    ///
    /// - Parameter image: The release's image for the device's hardware, if there is one.
    /// - Parameter context: What the selector may ask for besides `device`.
    public func ineligibility(
        of device: DeviceFacts, image: PlannedImage?, in context: SelectorContext
    ) -> Ineligibility? {
        guard let image else { return outOfScope(device, hasImage: false, in: context) }
        if let reason = outOfScope(device, hasImage: true, in: context) { return reason }
        guard device.image != image.sha256 else { return .alreadyInstalled }
        if let pin = device.pin, pin != release { return .pinned(pin) }
        let version = device.release.flatMap { $0.name == release.name ? $0.version : nil }
        if let version, version > image.version, !image.mayDowngrade {
            return .downgrade(from: version)
        }
        guard image.from.isEmpty || version.map(image.from.contains) == true else {
            return .steppingStone(needs: image.from)
        }
        return nil
    }

    /// The reasons that hold for every image alike, and after the device has installed one.
    func outOfScope(
        _ device: DeviceFacts, hasImage: Bool, in context: SelectorContext
    ) -> Ineligibility? {
        guard selector.matches(device, in: context) else { return .notSelected }
        switch device.standing {
        case .active: return hasImage ? nil : .wrongHardware(device.hardware)
        case .held(let reason): return .held(reason: reason)
        case .quarantined: return .quarantined
        case .retired: return .retired
        }
    }
}

extension Ineligibility: CustomStringConvertible {
    /// One clause about the device.
    public var description: String {
        switch self {
        case .notSelected: "the rollout's selector does not pick it"
        case .retired: "it is retired"
        case .quarantined: "it is quarantined, because it failed again and again"
        case .held(let reason): "it is held: \(reason)"
        case .wrongHardware(let hardware): "the release has no image for hardware \(hardware)"
        case .alreadyInstalled: "it runs this image already"
        case .pinned(let release): "it is pinned to \(release)"
        case .downgrade(let version): "it runs \(version), which is later"
        case .steppingStone(let needs):
            "the image can only be installed over "
                + needs.map(\.text).joined(separator: " or ")
        }
    }
}

extension Ineligibility.Kind: CustomStringConvertible {
    /// What is said of a number of devices, such as `not selected`.
    public var description: String {
        switch self {
        case .notSelected: "not selected"
        case .retired: "retired"
        case .quarantined: "quarantined"
        case .held: "held by an operator"
        case .wrongHardware: "of other hardware"
        case .alreadyInstalled: "already running the image"
        case .pinned: "pinned to another release"
        case .downgrade: "running a later version"
        case .steppingStone: "needing another version first"
        }
    }
}

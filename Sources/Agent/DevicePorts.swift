public import Model

/// What others at the device have a say in: when it may be disturbed, and what is done around it.
///
/// All of it is optional: ``AgentPorts`` begins with ports that never object.
public protocol Consent {
    /// Whether the device may restart into the new image now.
    func ask(for release: ReleaseID) -> ConsentVerdict
}

/// What an application says to a restart.
public enum ConsentVerdict: Hashable, Sendable {
    case yes
    /// Somebody says "not now", in one sentence for a person.
    case notNow(String)
}

/// A point of an update at which the device's own programs are called.
public enum Hook: String, Hashable, Sendable, CaseIterable {
    /// Before the first byte is fetched.
    case preDownload = "pre-download"
    /// When the image is complete and authentic, before it becomes the slot's content.
    case preInstall = "pre-install"
    /// Before the bootloader is told to try the slot.
    case preReboot = "pre-reboot"
    /// When the new image is confirmed.
    case postConfirm = "post-confirm"
    /// When the update has failed, and the machine is on the image before.
    case failed
    /// When the device has left the fleet and is to erase what its owner would not give away. It
    /// leaves the agent's own files, or the server never hears that it is done.
    case wipe
}

/// Runs the device's own programs.
///
/// After a power cut a hook may run a second time.
public protocol HookRunner {
    /// - Parameter facts: What the hook may want to know, by name: `release`, `slot`, `failure`.
    func run(_ hook: Hook, facts: [String: String]) -> HookVerdict

    /// Whether the device has a program for this hook at all.
    func has(_ hook: Hook) -> Bool
}

/// How a hook ended.
public enum HookVerdict: Hashable, Sendable {
    case done
    /// The device is not ready; the same is asked again later.
    case notNow(String)
    /// The update is not wanted, in one sentence for a person.
    case failed(String)
}

/// What the machine's own log says, for somebody who cannot come and look.
public protocol LogTail {
    /// The last lines of this boot, or of the boot before; `nil` when there is none.
    func lines(ofPreviousBoot: Bool) -> String?
}

/// What the device knows of itself besides what its configuration says.
public protocol InventorySource {
    /// All of the device's attributes, those of its configuration included; `nil` when there are no
    /// others. Called before each check-in.
    func attributes() -> Attributes?
}

/// Where a bundle that was carried to the device is read.
public protocol BundleOpener {
    /// - Throws: ``TransportError/bundle(_:)`` when there is none at `path`, or it is not sound.
    func open(_ path: String) throws(TransportError) -> any CarriedUpdate
}

/// An update that was carried to the device.
///
/// What it says of itself is not trusted: the signed metadata that it brings must say the same.
public protocol CarriedUpdate: UpdateSource {
    /// What it says that it brings.
    var release: ReleaseID { get }
    /// Which of its repository's images it says that it carries.
    var image: ImageReference { get }
}

/// Whether the device's link may be used for an image now; see ``FetchPolicy``.
public protocol FetchGate {
    /// - Parameter bytes: How much of the image is still to be fetched.
    func decision(at now: Instant, bytes: Int64) -> FetchPolicy.Decision
}

/// Agrees, does nothing and knows nothing: what a device has that wants none of it.
public struct NoDevicePorts: Consent, HookRunner, LogTail, BundleOpener, FetchGate,
    InventorySource
{
    /// All of them are alike.
    public init() {}

    public func decision(at now: Instant, bytes: Int64) -> FetchPolicy.Decision { .go }

    public func ask(for release: ReleaseID) -> ConsentVerdict { .yes }

    public func run(_ hook: Hook, facts: [String: String]) -> HookVerdict { .done }

    public func has(_ hook: Hook) -> Bool { false }

    public func lines(ofPreviousBoot: Bool) -> String? { nil }

    public func attributes() -> Attributes? { nil }

    public func open(_ path: String) throws(TransportError) -> any CarriedUpdate {
        throw .bundle("this device takes none")
    }
}

/// The attacks of TUF 1.0.34 section 1.5.2 that a device can notice.
public enum AttackIndicator: String, Hashable, Sendable, CaseIterable {
    case arbitraryInstallation = "arbitrary-installation"
    case rollback
    case mixAndMatch = "mix-and-match"
    case freeze
    case endlessData = "endless-data"
    /// Metadata made to confuse or stop its reader.
    case malformed
    /// Metadata that is kept from the device.
    case withholding
    /// An image that was signed, but not for this device or not after what it runs.
    case wrongSoftware = "wrong-software"
}

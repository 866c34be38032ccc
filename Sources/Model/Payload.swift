/// How the bytes of an image become what a slot holds.
public struct Payload: Hashable, Sendable {
    public let format: Format
    /// How many bytes the slot then holds, of which ``installedSHA256`` is the digest.
    public let installedLength: Int64
    public let installedSHA256: Digest

    /// - Parameter installedLength: In bytes; what an installer's slot says of itself may be none.
    public init(format: Format, installedLength: Int64, installedSHA256: Digest) {
        precondition(installedLength >= 0, "a length is not negative")
        self.format = format
        self.installedLength = installedLength
        self.installedSHA256 = installedSHA256
    }

    /// The format of an image, as signed metadata names it.
    public enum Format: String, Hashable, Sendable, CaseIterable {
        /// The image is what the slot holds, byte for byte.
        case raw
        /// What the slot holds, compressed with Zstandard.
        case zstd = "raw+zstd"
        /// What the slot holds, compressed with xz.
        case xz = "raw+xz"
        /// A tar archive, compressed or not, that is unpacked into a directory.
        case tar
        /// A file that another program installs: a RAUC bundle, a `.swu`, a Mender payload.
        case installer

        /// Whether the signed metadata can say what the slot holds afterwards; otherwise the device
        /// finds it out when it installs the image, and holds the slot to it from then on.
        public var hasSignedContent: Bool {
            switch self {
            case .raw, .zstd, .xz: true
            case .tar, .installer: false
            }
        }
    }

    /// The payload of an image whose own bytes are all that is known of the slot's.
    public static func sameBytes(
        as image: ImageReference, _ format: Format = .raw
    ) -> Payload {
        Payload(
            format: format, installedLength: image.length, installedSHA256: image.sha256)
    }
}

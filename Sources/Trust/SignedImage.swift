internal import JSON
public import Model

/// An image and what the offline keys say a device must check before it installs it.
///
/// Stands in the target's `custom` data under `slipway`.
public struct SignedImage: Hashable, Sendable {
    public let image: ImageReference
    public let release: ReleaseID
    public let hardware: Set<HardwareModel>
    /// The versions that may upgrade to it; empty stands for all.
    public let from: Set<Version>
    /// Whether a device with a newer version may go back to this one.
    public let mayDowngrade: Bool

    static let member = "slipway"
    /// The only payload so far: the target's bytes are the slot's bytes.
    static let rawPayload = "raw"

    /// - Throws: ``Invalid`` when no device could ever install it.
    public init(
        _ image: ImageReference, release: ReleaseID, hardware: Set<HardwareModel>,
        from: Set<Version>, mayDowngrade: Bool
    ) throws(Invalid) {
        guard !hardware.isEmpty else { throw .noHardware }
        self.image = image
        self.release = release
        self.hardware = hardware
        self.from = from
        self.mayDowngrade = mayDowngrade
    }

    public enum Invalid: Error, Hashable, CustomStringConvertible {
        case noHardware

        public var description: String {
            switch self {
            case .noHardware: "an image for no hardware can be installed nowhere"
            }
        }
    }

    init(_ image: ImageReference, _ custom: JSONFields) throws(JSONShapeError) {
        guard try custom.string("payload") == Self.rawPayload else {
            throw custom.refused("payload", "\"\(Self.rawPayload)\"")
        }
        guard try custom.integer("installed_size", in: 1...Int64.max) == image.length else {
            throw custom.refused("installed_size", "the length of the target")
        }
        guard let name = ReleaseName(try custom.string("release")) else {
            throw custom.refused("release", "a name")
        }
        guard let version = Version(try custom.string("version")) else {
            throw custom.refused("version", "a version such as 2.4.1")
        }
        let hardware = try custom.values("hardware") { HardwareModel($0) }
        guard !hardware.isEmpty else { throw custom.refused("hardware", "at least one model") }
        self.image = image
        self.release = ReleaseID(name: name, version: version)
        self.hardware = hardware
        from = try custom.values("from") { Version($0) }
        mayDowngrade = try custom.bool("downgrade")
    }

    /// The target as targets metadata lists it.
    var json: JSONValue {
        [
            "length": .integer(image.length), "hashes": ["sha256": .string(image.sha256.hex)],
            "custom": [
                Self.member: [
                    "payload": .string(Self.rawPayload), "installed_size": .integer(image.length),
                    "release": .string(release.name.text),
                    "version": .string(release.version.text),
                    "hardware": .array(hardware.sorted().map { .string($0.text) }),
                    "from": .array(from.sorted().map { .string($0.text) }),
                    "downgrade": .bool(mayDowngrade),
                ]
            ],
        ]
    }
}

extension SignedImage {
    /// Why a device must not install an image that is signed all right.
    public enum Refusal: Hashable, Sendable, CustomStringConvertible {
        case hardware(HardwareModel, allowed: Set<HardwareModel>)
        case downgrade(to: Version, from: Version)
        /// `from` is `nil` when the device cannot tell what it runs.
        case steppingStone(from: ReleaseID?, allowed: Set<Version>)

        public var description: String {
            switch self {
            case .hardware(let own, let allowed):
                "it is made for \(list(allowed)), and this device is \(own)"
            case .downgrade(let new, let old):
                "\(new) is older than \(old), which this device has run, and its signers did not"
                    + " allow going back (it may be a rollback attack)"
            case .steppingStone(let installed, let allowed):
                "it can follow only \(list(allowed)), and this device "
                    + (installed.map { "runs \($0)" } ?? "cannot tell what it runs")
            }
        }

        private func list(_ values: Set<some Comparable & CustomStringConvertible>) -> String {
            values.sorted().map(\.description).joined(separator: ", ")
        }
    }

    /// What the device checks for itself, whatever a server offers; `nil` when nothing forbids it.
    ///
    /// - Parameters:
    ///   - installed: What the device runs; `nil` when it cannot tell.
    ///   - newest: The newest version of this release's name that the device ever confirmed, so
    ///     that a detour over another product leads no further back either.
    public func refusal(
        by hardware: HardwareModel, running installed: ReleaseID?, newest: Version?
    ) -> Refusal? {
        guard self.hardware.contains(hardware) else {
            return .hardware(hardware, allowed: self.hardware)
        }
        if let newest, release.version < newest, !mayDowngrade {
            return .downgrade(to: release.version, from: newest)
        }
        guard from.isEmpty || mayFollow(installed) else {
            return .steppingStone(from: installed, allowed: from)
        }
        return nil
    }

    /// Whether the signers named `installed`; what a device cannot tell, nobody named.
    private func mayFollow(_ installed: ReleaseID?) -> Bool {
        guard let installed, installed.name == release.name else { return false }
        return from.contains(installed.version)
    }
}

extension JSONFields {
    fileprivate func values<Value: Hashable>(
        _ member: String, _ make: (String) -> Value?
    ) throws(JSONShapeError) -> Set<Value> {
        var values: Set<Value> = []
        for element in try array(member, maximumCount: 256) {
            guard case .string(let text) = element.value, let value = make(text.text) else {
                throw JSONShapeError(path: element.path, expected: "a valid \(member) entry")
            }
            values.insert(value)
        }
        return values
    }
}

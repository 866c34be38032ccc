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
    /// Orders the images of one product before their versions do; at least 1.
    ///
    /// A device never goes below the highest counter that it confirmed. Ordinary releases share a
    /// counter; going back to an old version takes a new entry, signed by the offline keys, that
    /// gives the old image a higher one.
    public let counter: Int64

    /// What the image becomes in its slot.
    public let payload: Payload

    static let member = "slipway"
    /// One less than the largest number, so that a higher counter can always be signed.
    static let counters = 1...Int64.max - 1

    /// - Parameter payload: `nil` for a raw image.
    /// - Throws: ``Invalid`` when no device could ever install it.
    public init(
        _ image: ImageReference, release: ReleaseID, hardware: Set<HardwareModel>,
        from: Set<Version>, counter: Int64, payload: Payload? = nil
    ) throws(Invalid) {
        guard !hardware.isEmpty else { throw .noHardware }
        guard Self.counters.contains(counter) else { throw .counter(counter) }
        self.image = image
        self.release = release
        self.hardware = hardware
        self.from = from
        self.counter = counter
        self.payload = payload ?? .sameBytes(as: image)
        guard Self.isConsistent(self.payload, with: image) else { throw .payload }
    }

    /// Where the slot's bytes are the image's, or not known, both must be named alike.
    private static func isConsistent(_ payload: Payload, with image: ImageReference) -> Bool {
        switch payload.format {
        case .zstd, .xz: payload.installedLength >= 1
        case .raw, .tar, .installer: payload == .sameBytes(as: image, payload.format)
        }
    }

    public enum Invalid: Error, Hashable, CustomStringConvertible {
        case noHardware
        case counter(Int64)
        /// The slot would hold other bytes than the image says.
        case payload

        public var description: String {
            switch self {
            case .noHardware: "an image for no hardware can be installed nowhere"
            case .counter(let counter): "\(counter) is no release counter; they begin at 1"
            case .payload: "what the slot is to hold does not go with the image and its format"
            }
        }
    }

    init(_ path: TargetPath, _ file: TargetFile) throws(JSONShapeError) {
        let target = try JSONFields(
            ["custom": file.custom.map { .object($0) } ?? .null], at: "targets.\(path)")
        // The image is named by its SHA-256 everywhere, so no other digest may be asked for.
        guard let sha256 = file.hashes.sha256, file.hashes == Hashes(sha256: sha256) else {
            throw target.refused("hashes", "sha256 and no other digest for an image")
        }
        guard let image = ImageReference(path: path, sha256: sha256, length: file.length) else {
            throw target.refused("length", "at least 1 byte for an image")
        }
        let custom = try target.object("custom").object(Self.member)
        self.image = image
        payload = try custom.payload(of: image)
        release = try custom.release()
        let hardware = try custom.values("hardware") { HardwareModel($0) }
        guard !hardware.isEmpty else { throw custom.refused("hardware", "at least one model") }
        self.hardware = hardware
        from = try custom.values("from") { Version($0) }
        counter = try custom.integer("release_counter", in: Self.counters)
    }

    /// The target as targets metadata lists it.
    var json: JSONValue {
        [
            "length": .integer(image.length), "hashes": Hashes(sha256: image.sha256).json,
            "custom": [
                Self.member: [
                    "format": .string(payload.format.rawValue),
                    "installed_size": .integer(payload.installedLength),
                    "installed_sha256": .string(payload.installedSHA256.hex),
                    "release": .string(release.name.text),
                    "version": .string(release.version.text),
                    "release_counter": .integer(counter),
                    "hardware": .array(hardware.sorted().map { .string($0.text) }),
                    "from": .array(from.sorted().map { .string($0.text) }),
                ]
            ],
        ]
    }

    /// Its place among the images of its product; a device does not go back.
    public var rank: ReleaseRank {
        ReleaseRank(counter: counter, version: release.version)
    }
}

extension SignedImage {
    /// Why a device must not install an image that is signed all right.
    public enum Refusal: Hashable, Sendable, CustomStringConvertible {
        case hardware(HardwareModel, allowed: Set<HardwareModel>)
        case downgrade(to: ReleaseRank, from: ReleaseRank)
        /// `from` is `nil` when the device cannot tell what it runs.
        case steppingStone(from: ReleaseID?, allowed: Set<Version>)

        /// The attack that it may be part of.
        public var indicator: AttackIndicator {
            switch self {
            case .hardware, .steppingStone: .wrongSoftware
            case .downgrade: .rollback
            }
        }

        public var description: String {
            switch self {
            case .hardware(let own, let allowed):
                "it is made for \(list(allowed)), and this device is \(own)"
            case .downgrade(let new, let old):
                "\(new) comes before \(old), which this device has run, and its signers did not"
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
    ///   - newest: The highest rank under this release's name that the device ever confirmed, so
    ///     that a detour over another product leads no further back either.
    public func refusal(
        by hardware: HardwareModel, running installed: ReleaseID?, newest: ReleaseRank?
    ) -> Refusal? {
        guard self.hardware.contains(hardware) else {
            return .hardware(hardware, allowed: self.hardware)
        }
        if let newest, rank < newest { return .downgrade(to: rank, from: newest) }
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
    fileprivate func release() throws(JSONShapeError) -> ReleaseID {
        guard let name = ReleaseName(try string("release")) else {
            throw refused("release", "a name")
        }
        guard let version = Version(try string("version")) else {
            throw refused("version", "a version such as 2.4.1")
        }
        return ReleaseID(name: name, version: version)
    }

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

extension JSONFields {
    fileprivate func payload(of image: ImageReference) throws(JSONShapeError) -> Payload {
        guard let format = Payload.Format(rawValue: try string("format")) else {
            let known = Payload.Format.allCases.map { "\"\($0.rawValue)\"" }
            throw refused("format", known.joined(separator: ", "))
        }
        let installedLength = try integer("installed_size", in: 1...Int64.max)
        let bytes = try hex("installed_sha256", maximumByteCount: Digest.byteCount)
        let isCompressed = format == .zstd || format == .xz
        guard isCompressed || installedLength == image.length else {
            throw refused("installed_size", "the length of the target")
        }
        guard isCompressed || bytes == image.sha256.bytes else {
            throw refused("installed_sha256", "the SHA-256 of the target")
        }
        guard let installedSHA256 = Digest(bytes: bytes) else {
            throw refused("installed_sha256", "a SHA-256")
        }
        return Payload(
            format: format, installedLength: installedLength, installedSHA256: installedSHA256)
    }
}

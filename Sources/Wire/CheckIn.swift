public import JSON
public import Model

/// The one message that a device sends; signed by the device's own key.
///
/// A check-in with a confirmed boot is the proof of promise P2: the device says which bytes it
/// booted, and only its key can say so.
public struct CheckIn: WireMessage {
    public var device: DeviceID
    public var hardware: HardwareModel
    /// Rises with every check-in that the device ever sends, so that none can be replayed.
    public var sequence: Int64
    public var boot: BootReport
    public var phase: PhaseReport
    /// `nil` when nothing has changed since the last check-in that was answered.
    public var attributes: Attributes?
    /// Only in the first check-ins, until the server has answered one.
    public var enrolment: Enrolment?
    /// Only once a retired device was told to erase itself, until the server has heard of it.
    public var wipe: WipeReport?

    public init(
        device: DeviceID, hardware: HardwareModel, sequence: Int64, boot: BootReport,
        phase: PhaseReport, attributes: Attributes?, enrolment: Enrolment?,
        wipe: WipeReport? = nil
    ) {
        self.device = device
        self.hardware = hardware
        self.sequence = sequence
        self.boot = boot
        self.phase = phase
        self.attributes = attributes
        self.enrolment = enrolment
        self.wipe = wipe
    }

    public static let type = "slipway-check-in"

    public var json: JSONObject {
        JSONObject(present: [
            ("_type", .string(Self.type)), ("protocol", 1), ("device", .text(device)),
            ("hardware", .text(hardware)), ("sequence", .integer(sequence)),
            ("boot", .object(boot.json)), ("phase", .object(phase.json)),
            ("attributes", attributes?.json), ("enrolment", (enrolment?.json).map { .object($0) }),
            ("wipe", (wipe?.json).map { .object($0) }),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        try fields.refuse(unless: Self.type)
        device = try fields.name("device")
        hardware = try fields.name("hardware")
        sequence = try fields.integer("sequence", in: 1...Int64.max)
        boot = try BootReport(fields.object("boot"))
        phase = try PhaseReport(fields.object("phase"))
        attributes = try fields.attributes("attributes")
        if let enrolment = try fields.optionalObject("enrolment") {
            self.enrolment = try Enrolment(enrolment)
        } else {
            enrolment = nil
        }
        if let wipe = try fields.optionalObject("wipe") {
            self.wipe = try WipeReport(wipe)
        } else {
            wipe = nil
        }
    }
}

/// What a device that is not known yet shows to become known.
public struct Enrolment: WireMessage {
    public var publicKey: Ed25519PublicKey
    public var token: String

    public init(publicKey: Ed25519PublicKey, token: String) {
        self.publicKey = publicKey
        self.token = token
    }

    public var json: JSONObject {
        JSONObject([("public_key", .string(publicKey.hex)), ("token", .string(token))])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        publicKey = try fields.publicKey("public_key")
        token = try fields.string("token", maximumByteCount: 256)
    }
}

/// What the device booted, by its bootloader's word and by reading the slot again.
public struct BootReport: WireMessage {
    public var slot: SlotName
    public var bootID: BootID
    /// What the slot's image was signed as; `nil` when the device cannot tell.
    public var release: ReleaseID?
    /// Of the bytes in the booted slot; `nil` when they are not an image that was verified here.
    public var sha256: Digest?
    /// Whether the bootloader will boot this slot again.
    public var isConfirmed: Bool

    public init(
        slot: SlotName, bootID: BootID, release: ReleaseID?, sha256: Digest?, isConfirmed: Bool
    ) {
        self.slot = slot
        self.bootID = bootID
        self.release = release
        self.sha256 = sha256
        self.isConfirmed = isConfirmed
    }

    public var json: JSONObject {
        JSONObject(present: [
            ("slot", .text(slot)), ("boot_id", .text(bootID)), ("release", .text(release)),
            ("sha256", .text(sha256)), ("confirmed", .bool(isConfirmed)),
        ])
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        slot = try fields.name("slot")
        bootID = try fields.name("boot_id")
        release = try fields.optionalRelease("release")
        sha256 = try fields.optionalDigest("sha256")
        isConfirmed = try fields.bool("confirmed")
    }
}

/// How far the device is with the offer that it works on.
public enum PhaseReport: WireMessage {
    case idle
    case downloading(Nonce, bytesDone: Int64, bytesTotal: Int64)
    /// The device may not fetch the image now, or not restart into it; the offer can still be taken
    /// back.
    case waiting(Nonce, reason: String)
    /// The spare slot holds the verified image, and the device is about to restart into it.
    case installed(Nonce)
    /// The new image runs and has passed its health checks, but is not confirmed yet.
    case trial(Nonce)
    /// The new image is confirmed; ``CheckIn/boot`` says what it is.
    case proven(Nonce)
    /// The device is back on, or never left, the image that it had before.
    case failed(Nonce, Failure)

    /// The offer that this is about.
    public var nonce: Nonce? {
        switch self {
        case .idle: nil
        case .downloading(let nonce, _, _), .waiting(let nonce, _), .installed(let nonce),
            .trial(let nonce), .proven(let nonce), .failed(let nonce, _):
            nonce
        }
    }

    /// The word for this phase, as people and the wire see it.
    public var word: String {
        switch self {
        case .idle: "idle"
        case .downloading: "downloading"
        case .waiting: "waiting"
        case .installed: "installed"
        case .trial: "trial"
        case .proven: "proven"
        case .failed: "failed"
        }
    }

    public var json: JSONObject {
        var members: [(String, JSONValue?)] = [
            ("state", .string(word)), ("offer", .text(nonce)),
        ]
        switch self {
        case .idle, .installed, .trial, .proven: break
        case .downloading(_, let bytesDone, let bytesTotal):
            members.append(("bytes_done", .integer(bytesDone)))
            members.append(("bytes_total", .integer(bytesTotal)))
        case .waiting(_, let reason): members.append(("reason", .string(reason)))
        case .failed(_, let failure):
            members.append(("class", .string(failure.kind.rawValue)))
            members.append(("detail", .string(failure.detail)))
            members.append(("attack", failure.indicator.map { .string($0.rawValue) }))
            members.append(("log", failure.log.map { .string($0) }))
        }
        return JSONObject(present: members)
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        let word = try fields.string("state")
        switch word {
        case "idle": self = .idle
        case "downloading":
            self = .downloading(
                try fields.name("offer"),
                bytesDone: try fields.integer("bytes_done", in: 0...Int64.max),
                bytesTotal: try fields.integer("bytes_total", in: 1...Int64.max))
        case "waiting":
            let reason = try fields.string(
                "reason", maximumByteCount: DetailText.maximumByteCount)
            self = .waiting(try fields.name("offer"), reason: DetailText.of(reason))
        case "installed": self = .installed(try fields.name("offer"))
        case "trial": self = .trial(try fields.name("offer"))
        case "proven": self = .proven(try fields.name("offer"))
        case "failed":
            let kind = try fields.failureClass("class")
            let detail = try fields.string(
                "detail", maximumByteCount: Failure.maximumDetailByteCount)
            // A word that this version does not know is still the device's word for an attack.
            let indicator = try fields.optionalString("attack").map {
                AttackIndicator(rawValue: $0) ?? .malformed
            }
            let log = try fields.optionalString(
                "log", maximumByteCount: LogText.maximumByteCount)
            self = .failed(
                try fields.name("offer"),
                Failure(kind, detail, indicator: indicator).with(log: log))
        default:
            throw fields.refused(
                "state", "idle, downloading, waiting, installed, trial, proven or failed")
        }
    }
}

extension JSONFields {
    /// Every signed message says what it is, so that one kind can never pass as another.
    func refuse(unless type: String) throws(JSONShapeError) {
        guard try string("_type") == type else { throw refused("_type", "\"\(type)\"") }
        guard try integer("protocol", in: 1...Int64.max) == 1 else {
            throw refused("protocol", "1, the only protocol that this program speaks")
        }
    }
}

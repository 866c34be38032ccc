internal import Model
internal import Orchestrator
internal import Rollouts

extension SQLRow {
    /// The column's text as the value that it should be.
    func value<Value>(_ column: String, _ make: (String) -> Value?) throws -> Value {
        guard let text: String = self[column], let value = make(text) else {
            throw StoreError.failed("column \(column) holds something impossible")
        }
        return value
    }

    func optional<Value>(_ column: String, _ make: (String) -> Value?) throws -> Value? {
        let text: String? = self[column]
        return text == nil ? nil : try value(column, make)
    }

    func instant(_ column: String) -> Instant { Instant(secondsSinceEpoch: self[column]) }

    var release: ReleaseID? { release(name: "release_name", version: "release_version") }

    func release(name: String, version: String) -> ReleaseID? {
        guard let name: String = self[name], let version: String = self[version] else {
            return nil
        }
        return ReleaseID("\(name) \(version)")
    }

    func optionalInstant(_ column: String) -> Instant? {
        let seconds: Int64? = self[column]
        return seconds.map { Instant(secondsSinceEpoch: $0) }
    }

    func image() throws -> ImageReference {
        let image = ImageReference(
            path: try value("path") { TargetPath($0) },
            sha256: try value("sha256") { Digest(hex: $0) }, length: self["length_bytes"])
        guard let image else { throw StoreError.failed("an image has no length") }
        return image
    }

    func failure() throws -> Failure? {
        try optional("failure_class") { FailureClass(rawValue: $0) }.map {
            Failure($0, self["failure_detail"] ?? "").with(log: self["failure_log"])
        }
    }

    func askedKey() throws -> DeviceRecord.AskedKey? {
        try optional("asked_key") { Ed25519PublicKey(hex: $0) }.map {
            DeviceRecord.AskedKey(key: $0, at: instant("asked_key_s"))
        }
    }

    func list<Value>(_ column: String, _ make: (String) -> Value?) throws -> [Value] {
        let text: String = self[column]
        return try text.split(separator: ",").map { part in
            guard let value = make(String(part)) else {
                throw StoreError.failed("column \(column) holds something impossible")
            }
            return value
        }
    }
}

extension Stratum {
    var columns: [Column] { [Column("attribute", attribute), Column("value", value)] }
}

extension ReleaseID? {
    var columns: [Column] {
        [Column("release_name", self?.name.text), Column("release_version", self?.version.text)]
    }
}

extension Failure? {
    var columns: [Column] {
        [
            Column("failure_class", self?.kind.rawValue), Column("failure_detail", self?.detail),
            Column("failure_log", self?.log),
        ]
    }
}

extension ImageReference {
    var columns: [Column] {
        [
            Column("path", path.text), Column("sha256", sha256.hex),
            Column("length_bytes", length),
        ]
    }
}

extension DeviceRecord {
    init(_ row: SQLRow, attributes: Attributes) throws {
        self.init(
            id: try row.value("id") { DeviceID($0) },
            hardware: try row.value("hardware") { HardwareModel($0) },
            publicKey: try row.value("public_key") { Ed25519PublicKey(hex: $0) },
            sequence: row["sequence"],
            lifecycle: try row.value("lifecycle") { Lifecycle(rawValue: $0) },
            slot: try row.value("slot") { SlotName($0) },
            bootID: try row.value("boot_id") { BootID($0) }, release: row.release,
            image: try row.optional("sha256") { Digest(hex: $0) }, isConfirmed: row["confirmed"],
            phaseJSON: Array((row["phase_json"] as String).utf8), lastFailure: try row.failure(),
            reportedAttributes: try row.attributes("reported_json") ?? attributes,
            setAttributes: try row.attributes("set_json") ?? .none,
            lastSeen: row.instant("last_seen_s"),
            enrolled: row.instant("enrolled_s"), heldReason: row["held_reason"],
            quarantined: row.optionalInstant("quarantined_s"),
            failuresInARow: row["failures_in_a_row"],
            pin: row.release(name: "pin_name", version: "pin_version"),
            askedKey: try row.askedKey(), retirement: try row.retirement())
    }

    var columns: [Column] {
        get throws {
            try [
                Column("id", id.text), Column("hardware", hardware.text),
                Column("public_key", publicKey.hex), Column("sequence", sequence),
                Column("lifecycle", lifecycle.rawValue), Column("slot", slot.text),
                Column("boot_id", bootID.text), Column("sha256", image?.hex),
                Column("confirmed", isConfirmed),
                Column("phase_json", String(decoding: phaseJSON, as: UTF8.self)),
                Column("last_seen_s", lastSeen.secondsSinceEpoch),
                Column("enrolled_s", enrolled.secondsSinceEpoch), Column("held_reason", heldReason),
                Column("quarantined_s", quarantined?.secondsSinceEpoch),
                Column("failures_in_a_row", failuresInARow), Column("pin_name", pin?.name.text),
                Column("pin_version", pin?.version.text), Column("asked_key", askedKey?.key.hex),
                Column("asked_key_s", askedKey?.at.secondsSinceEpoch),
            ] + setColumns + retirement.columns + release.columns + lastFailure.columns
        }
    }
}

extension ImageRecord {
    init(_ row: SQLRow) throws {
        guard let release = row.release else { throw StoreError.failed("an image has no release") }
        self.init(
            image: try row.image(), release: release,
            hardware: Set(try row.list("hardware") { HardwareModel($0) }),
            from: Set(try row.list("from_versions") { Version($0) }),
            mayDowngrade: row["downgrade"])
    }

    var columns: [Column] {
        image.columns + Optional(release).columns + [
            Column("hardware", hardware.sorted().map(\.text).joined(separator: ",")),
            Column("from_versions", from.sorted().map(\.text).joined(separator: ",")),
            Column("downgrade", mayDowngrade),
        ]
    }
}

extension OfferRecord {
    init(_ row: SQLRow) throws {
        guard let release = row.release else { throw StoreError.failed("an offer has no release") }
        self.init(
            nonce: try row.value("nonce") { Nonce($0) },
            device: try row.value("device") { DeviceID($0) },
            rollout: try row.value("rollout") { RolloutName($0) }, wave: row["wave"],
            release: release, image: try row.image(),
            bootID: try row.value("boot_id") { BootID($0) }, issued: row.instant("issued_s"),
            expires: row.instant("expires_s"), outcome: try Outcome(row),
            heard: row.optionalInstant("heard_s"), decided: row.optionalInstant("decided_s"))
    }

    var columns: [Column] {
        [
            Column("nonce", nonce.text), Column("device", device.text),
            Column("rollout", rollout.text), Column("wave", wave),
            Column("boot_id", bootID.text), Column("issued_s", issued.secondsSinceEpoch),
            Column("expires_s", expires.secondsSinceEpoch),
            Column("heard_s", heard.secondsSinceEpoch),
            Column("decided_s", decided?.secondsSinceEpoch),
        ] + image.columns + Optional(release).columns + outcome.columns
    }
}

extension OfferRecord {
    /// How it ended, and when.
    var decisionColumns: [Column] {
        outcome.columns + [Column("decided_s", decided?.secondsSinceEpoch)]
    }
}

extension OfferRecord.Outcome {
    init(_ row: SQLRow) throws {
        let word: String = row["outcome"]
        switch word {
        case "open": self = .open
        case "proven": self = .proven
        case "cancelled": self = .cancelled
        case "failed":
            guard let failure = try row.failure() else {
                throw StoreError.failed("a failed offer has no failure")
            }
            self = .failed(failure)
        default: throw StoreError.failed("an offer's outcome is \(word)")
        }
    }

    /// `outcome`, `failure_class`, `failure_detail`, `failure_log`.
    var columns: [Column] {
        switch self {
        case .open: [Column("outcome", "open")] + Failure?.none.columns
        case .proven: [Column("outcome", "proven")] + Failure?.none.columns
        case .cancelled: [Column("outcome", "cancelled")] + Failure?.none.columns
        case .failed(let failure): [Column("outcome", "failed")] + Optional(failure).columns
        }
    }
}

internal import Audit
import Foundation
internal import Model
internal import Orchestrator
internal import Wire

/// Devices that are expected, and what operators set of those that are here.
extension SQLTransaction {
    func expectedDevice(_ id: DeviceID) throws -> ExpectedDevice? {
        try rows("SELECT * FROM expected_devices WHERE id = ?", [id.text]).first.map {
            try ExpectedDevice($0)
        }
    }

    func expectedDevices(after id: DeviceID?, limit: Int) throws -> [ExpectedDevice] {
        try rows(
            "SELECT * FROM expected_devices WHERE id > ? ORDER BY id LIMIT ?",
            [id?.text ?? "", limit]
        ).map { try ExpectedDevice($0) }
    }

    func applications() throws -> [ExpectedDevice] {
        try rows("SELECT * FROM expected_devices WHERE asked_key IS NOT NULL ORDER BY id").map {
            try ExpectedDevice($0)
        }
    }

    func uninvited(askedBefore moment: Instant, limit: Int) throws -> [DeviceID] {
        try rows(
            "SELECT id FROM expected_devices WHERE planned_by IS NULL AND asked_s < ? LIMIT ?",
            [moment.secondsSinceEpoch, limit]
        ).map { try $0.value("id") { DeviceID($0) } }
    }

    func uninvitedCount() throws -> Int {
        try count("SELECT count(*) FROM expected_devices WHERE planned_by IS NULL", [])
    }

    func save(_ device: ExpectedDevice) throws {
        let old = try expectedDevice(device.id)
        try upsert(device.columns, into: "expected_devices", key: "id")
        try audit(
            old == nil ? .deviceExpected : .expectationChanged,
            AuditSubject(.expectedDevice, device.id), device: device.id, from: old?.columns,
            to: device.columns)
    }

    func removeExpectedDevice(_ id: DeviceID) throws {
        guard let old = try expectedDevice(id) else { return }
        try execute("DELETE FROM expected_devices WHERE id = ?", [id.text])
        try audit(
            .expectationEnded, AuditSubject(.expectedDevice, id), device: id, from: old.columns,
            to: nil)
    }
}

extension ExpectedDevice {
    init(_ row: SQLRow) throws {
        let key = try row.optional("asked_key") { Ed25519PublicKey(hex: $0) }
        self.init(
            id: try row.value("id") { DeviceID($0) },
            hardware: try row.optional("hardware") { HardwareModel($0) },
            publicKey: try row.optional("public_key") { Ed25519PublicKey(hex: $0) },
            attributes: try row.attributes("attributes_json") ?? .none,
            since: row.instant("since_s"),
            plannedBy: try row.optional("planned_by") { OperatorName($0) },
            application: try key.map {
                Application(
                    key: $0, hardware: try row.value("asked_hardware") { HardwareModel($0) },
                    at: row.instant("asked_s"))
            })
    }

    var columns: [Column] {
        get throws {
            [
                Column("id", id.text), Column("hardware", hardware?.text),
                Column("public_key", publicKey?.hex),
                Column("attributes_json", try attributes.storedJSON),
                Column("since_s", since.secondsSinceEpoch),
                Column("planned_by", plannedBy?.text),
                Column("asked_key", application?.key.hex),
                Column("asked_hardware", application?.hardware.text),
                Column("asked_s", application?.at.secondsSinceEpoch),
            ]
        }
    }
}

extension SQLRow {
    /// `nil` for a column that is null.
    func attributes(_ column: String) throws -> Attributes? {
        let text: String? = self[column]
        return try text.map { try Attributes(historyJSON: $0) }
    }

    func retirement() throws -> Retirement? {
        guard let retired = optionalInstant("retired_s") else { return nil }
        let word: String? = self["wipe"]
        let wipe: Retirement.Wipe?
        switch word {
        case nil: wipe = nil
        case "demanded"?: wipe = .demanded
        case "done"?: wipe = .done(at: instant("wipe_s"))
        case "failed"?: wipe = .failed(self["wipe_detail"] ?? "", at: instant("wipe_s"))
        default: throw StoreError.failed("column wipe holds something impossible")
        }
        return Retirement(at: retired, wipe: wipe)
    }
}

extension Attributes {
    /// What ``init(historyJSON:)`` reads.
    var storedJSON: String {
        get throws { String(decoding: try JSONEncoder().encode(values), as: UTF8.self) }
    }
}

extension DeviceRecord {
    /// Apart from what follows from both, only where there is something to tell apart.
    var setColumns: [Column] {
        get throws {
            let isSet = !setAttributes.values.isEmpty
            return [
                Column("reported_json", isSet ? try reportedAttributes.storedJSON : nil),
                Column("set_json", isSet ? try setAttributes.storedJSON : nil),
            ]
        }
    }
}

extension Retirement? {
    var columns: [Column] {
        var word: String?
        var moment: Instant?
        var detail: String?
        switch self?.wipe {
        case nil: break
        case .demanded?: word = "demanded"
        case .done(let at)?: (word, moment) = ("done", at)
        case .failed(let why, let at)?: (word, moment, detail) = ("failed", at, why)
        }
        return [
            Column("retired_s", self?.at.secondsSinceEpoch), Column("wipe", word),
            Column("wipe_s", moment?.secondsSinceEpoch), Column("wipe_detail", detail),
        ]
    }
}

import Foundation
internal import Model
internal import Orchestrator

/// What is remembered of a device whenever it changes: all that decisions are made from.
struct RememberedDevice: Hashable {
    let hardware: HardwareModel
    let lifecycle: DeviceRecord.Lifecycle
    let heldReason: String?
    let quarantined: Instant?
    let pin: ReleaseID?
    let release: ReleaseID?
    let image: Digest?
    let isConfirmed: Bool
    let attributes: Attributes
}

extension DeviceRecord {
    var remembered: RememberedDevice {
        RememberedDevice(
            hardware: hardware, lifecycle: lifecycle, heldReason: heldReason,
            quarantined: quarantined, pin: pin, release: release, image: image,
            isConfirmed: isConfirmed, attributes: attributes)
    }

    func historyColumns(at now: Instant) throws -> [Column] {
        let attributes = try JSONEncoder().encode(attributes.values)
        return [
            Column("device", id.text), Column("at_s", now.secondsSinceEpoch),
            Column("hardware", hardware.text), Column("lifecycle", lifecycle.rawValue),
            Column("held_reason", heldReason),
            Column("quarantined_s", quarantined?.secondsSinceEpoch),
            Column("pin_name", pin?.name.text), Column("pin_version", pin?.version.text),
            Column("sha256", image?.hex), Column("confirmed", isConfirmed),
            Column("attributes_json", String(decoding: attributes, as: UTF8.self)),
        ] + release.columns
    }
}

extension Attributes {
    /// Reads what ``DeviceRecord/historyColumns(at:)`` wrote.
    init(historyJSON text: String) throws {
        try self.init(JSONDecoder().decode([String: String].self, from: Data(text.utf8)))
    }
}

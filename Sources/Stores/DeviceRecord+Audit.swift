internal import Audit
internal import Model
internal import Orchestrator

extension DeviceRecord {
    /// Whether the log has nothing to tell of the way from `old` to here.
    func isSameForAudit(as old: DeviceRecord) -> Bool {
        old.remembered == remembered && old.publicKey == publicKey && old.askedKey == askedKey
            && old.failuresInARow == failuresInARow && old.setAttributes == setAttributes
            && old.retirement == retirement
    }

    /// Everything by which something is decided.
    fileprivate var auditColumns: [Column] {
        [
            Column("hardware", hardware.text), Column("public_key", publicKey.hex),
            Column("lifecycle", lifecycle.rawValue), Column("held_reason", heldReason),
            Column("quarantined_s", quarantined?.secondsSinceEpoch),
            Column("failures_in_a_row", failuresInARow), Column("pin_name", pin?.name.text),
            Column("pin_version", pin?.version.text), Column("sha256", image?.hex),
            Column("confirmed", isConfirmed), Column("asked_key", askedKey?.key.hex),
            Column("asked_key_s", askedKey?.at.secondsSinceEpoch),
        ] + release.columns + retirement.columns
            + setAttributes.values.map { Column("set \($0.key)", $0.value) }
            + attributes.values.map { Column("attribute \($0.key)", $0.value) }
    }
}

/// Rows about devices.
extension SQLTransaction {
    func audit(_ device: DeviceRecord, replacing old: DeviceRecord?) throws {
        try audit(
            old == nil ? .deviceAdded : .deviceChanged, AuditSubject(.device, device.id),
            device: device.id, from: old?.auditColumns, to: device.auditColumns)
    }
}

internal import Model
internal import Orchestrator
internal import Rollouts

/// Reads what rollouts decide by of all devices, by id.
///
/// Devices and their attributes are two cursors in the same order, so that no more than one device
/// is in memory, however many there are.
struct FactsCursor {
    private let devices: any SQLCursor
    private let attributes: any SQLCursor
    /// Where ``attributes`` stands; `nil` at its end.
    private var attribute: SQLRow?
    /// How many the device before had: the devices of one fleet are alike.
    private var attributeCount = 0

    /// Columns are told by number: fleets are too large to look for names in each row.
    private static let selectDevices = """
        SELECT id, hardware, release_name, release_version, sha256, confirmed, last_seen_s,
            lifecycle, held_reason, quarantined_s, pin_name, pin_version
        FROM devices ORDER BY id
        """
    private static let selectAttributes =
        "SELECT device, name, value FROM attributes ORDER BY device"

    init(_ connection: any SQLConnection) throws {
        devices = try connection.cursor(Self.selectDevices, [])
        attributes = try connection.cursor(Self.selectAttributes, [])
        attribute = try attributes.next()
    }

    /// `nil` after the last device.
    mutating func next() throws -> DeviceFacts? {
        guard let row = try devices.next() else { return nil }
        let id = try row.value(0) { DeviceID($0) }
        return DeviceFacts(
            id: id, hardware: try row.value(1) { HardwareModel($0) },
            booted: try row.release(2, 3), image: try row.optional(4) { Digest(hex: $0) },
            isConfirmed: row[5], attributes: try attributes(of: id),
            lastSeen: Instant(secondsSinceEpoch: row[6]),
            standing: DeviceFacts.Standing(
                try row.value(7) { DeviceRecord.Lifecycle(rawValue: $0) }, held: row[8],
                quarantined: (row[9] as Int64?).map { Instant(secondsSinceEpoch: $0) }),
            pin: try row.release(10, 11))
    }

    private mutating func attributes(of device: DeviceID) throws -> Attributes {
        var values = [String: String](minimumCapacity: attributeCount)
        while let row = attribute {
            let owner: String = row[0]
            if owner == device.text {
                values[row[1]] = row[2]
            } else {
                // What belongs to no device is passed over.
                guard owner.utf8.lexicographicallyPrecedes(device.text.utf8) else { break }
            }
            attribute = try attributes.next()
        }
        attributeCount = values.count
        return try Attributes(values)
    }
}

extension SQLRow {
    /// The text of the column with this number as the value that it should be.
    fileprivate func value<Value>(_ column: Int, _ make: (String) -> Value?) throws -> Value {
        guard let text: String = self[column], let value = make(text) else {
            throw StoreError.failed("column \(column) of a device holds something impossible")
        }
        return value
    }

    fileprivate func optional<Value>(
        _ column: Int, _ make: (String) -> Value?
    ) throws -> Value? {
        let text: String? = self[column]
        return text == nil ? nil : try value(column, make)
    }

    fileprivate func release(_ name: Int, _ version: Int) throws -> ReleaseID? {
        guard let name = try optional(name, { ReleaseName($0) }),
            let version = try optional(version, { Version($0) })
        else { return nil }
        return ReleaseID(name: name, version: version)
    }
}

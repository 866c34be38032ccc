internal import Audit
public import Model
internal import Rollouts
public import Wire

/// What people know of devices before these speak, and what they set of those that do.
extension Orchestrator {
    /// Lets a device enrol with the key that a person has read at it, whatever somebody else has
    /// shown in its name.
    ///
    /// - Throws: ``Refusal/conflict(_:)`` when another key is known to be its own.
    public func acceptKey(
        _ key: Ed25519PublicKey, ofExpected id: DeviceID, by operator: OperatorName
    ) async throws(Refusal) -> InventoryEntry {
        let moment = now()
        return try await write(as: .operator(`operator`), at: moment) { store in
            var device = try expected(id, store)
            guard device.publicKey ?? key == key else {
                throw Refusal.conflict("device \(id) is expected with another key")
            }
            device.publicKey = key
            device.application = nil
            try store.save(device)
            try note("its key is \(key.hex)", of: id, by: `operator`, store, at: moment)
            return device.entry
        }
    }

    /// Takes a device out of the inventory that was never heard of; it may be planned again.
    public func forget(
        expected id: DeviceID, by operator: OperatorName
    ) async throws(Refusal) {
        let moment = now()
        try await write(as: .operator(`operator`), at: moment) { store in
            _ = try expected(id, store)
            try store.removeExpectedDevice(id)
            try note("is no longer expected", of: id, by: `operator`, store, at: moment)
        }
    }

    private func expected(_ id: DeviceID, _ store: any StoreReader) throws -> ExpectedDevice {
        guard let device = try store.expectedDevice(id) else {
            throw Refusal.unknown("no device called \(id) is expected")
        }
        return device
    }

    private func note(
        _ what: String, of id: DeviceID, by operator: OperatorName, _ store: any StoreWriter,
        at moment: Instant
    ) throws {
        try store.add(
            EventRecord(
                at: moment, device: id, rollout: nil, what: "\(what) (\(`operator`))"))
    }

    /// The next devices of the inventory by id, those among them that were never heard of.
    ///
    /// - Returns: `limit` at most; the id of the last is where the next page begins. Empty at the
    ///   end.
    public func inventory(
        after id: DeviceID?, limit: Int
    ) async throws(Refusal) -> [InventoryEntry] {
        try await read { store in
            let enrolled = try store.devices(after: id, hardware: nil, limit: limit).map(\.entry)
            let expected = try store.expectedDevices(after: id, limit: limit).map(\.entry)
            return Array(
                (enrolled + expected).sorted { $0.row.id < $1.row.id }.prefix(limit))
        }
    }

    /// The devices that ask to be taken in, by id.
    public func applications() async throws(Refusal) -> [InventoryEntry] {
        try await read { store in try store.applications().map(\.entry) }
    }

    /// Begins an import of an inventory, which is given its rows a few at a time.
    ///
    /// - Parameter isTrial: Whether nothing is to be stored.
    ///
    /// - Parameter permissions: Of whoever imports; each row is asked what it needs.
    public func importing(
        isTrial: Bool, by operator: OperatorName, with permissions: Set<Permission>
    ) -> InventoryImport {
        InventoryImport(
            orchestrator: self, isTrial: isTrial, author: `operator`, permissions: permissions)
    }
}

/// One import of an inventory.
///
/// Each batch of rows is one transaction; a row that is refused holds up no other. What was taken
/// over stays when a later batch fails, and the same import again changes nothing twice.
public struct InventoryImport: Sendable {
    let orchestrator: Orchestrator
    let isTrial: Bool
    let author: OperatorName
    private let permissions: Set<Permission>
    public private(set) var report = ImportReport()
    private var lines: [DeviceID: Int] = [:]

    init(
        orchestrator: Orchestrator, isTrial: Bool, author: OperatorName,
        permissions: Set<Permission>
    ) {
        self.orchestrator = orchestrator
        self.isTrial = isTrial
        self.author = author
        self.permissions = permissions
    }

    /// How many rows were given so far.
    public var rowCount: Int {
        report.added + report.changed + report.unchanged + report.refused.count
    }

    private enum Effect: Sendable { case added, changed, unchanged }

    /// - Throws: ``Refusal/invalid(_:)`` for more rows than one import may have; or why the store
    ///   takes nothing now.
    public mutating func take(_ rows: [NumberedRow]) async throws(Refusal) {
        guard rowCount + rows.count <= ImportReport.maximumRowCount else {
            throw .invalid(
                "an import has \(ImportReport.maximumRowCount) rows at most; split the file")
        }
        var readable: [(line: Int, row: InventoryRow)] = []
        for row in rows {
            switch row.content {
            case .failure(let problem): refuse(row.line, problem.description)
            case .success(let content):
                if let earlier = lines[content.id] {
                    refuse(row.line, "line \(earlier) is about device \(content.id), too")
                } else {
                    lines[content.id] = row.line
                    readable.append((row.line, content))
                }
            }
        }
        let (taken, moment, me) = (readable, orchestrator.now(), self)
        let effects = try await orchestrator.write(as: .operator(author), at: moment) { store in
            try taken.map { _, row in
                // A refusal comes before anything was stored; other errors undo the batch.
                do {
                    return Result<Effect, Refusal>.success(try me.take(row, store, at: moment))
                } catch let refusal as Refusal { return .failure(refusal) }
            }
        }
        for (effect, row) in zip(effects, taken) {
            switch effect {
            case .success(.added): report.added += 1
            case .success(.changed): report.changed += 1
            case .success(.unchanged): report.unchanged += 1
            case .failure(let refusal): refuse(row.line, "\(refusal)")
            }
        }
        report.refused.sort { $0.line < $1.line }
    }

    private mutating func refuse(_ line: Int, _ reason: String) {
        report.refused.append(ImportReport.RefusedRow(line: line, reason: reason))
    }

    private func take(
        _ row: InventoryRow, _ store: any StoreWriter, at moment: Instant
    ) throws -> Effect {
        if let device = try store.device(row.id) { return try take(row, device, store, at: moment) }
        let known = try store.expectedDevice(row.id)
        var expected =
            known
            ?? ExpectedDevice(
                id: row.id, hardware: nil, publicKey: nil, attributes: .none, since: moment,
                plannedBy: author)
        expected.plannedBy = expected.plannedBy ?? author
        expected.hardware = row.hardware ?? expected.hardware
        expected.attributes = row.attributes
        if let key = row.publicKey, key != expected.publicKey {
            guard permissions.contains(.manageEnrolment) else {
                throw Refusal.forbidden(
                    "\(Permission.manageEnrolment.rawValue) is needed to name a key")
            }
            guard expected.publicKey == nil else {
                throw Refusal.conflict("device \(row.id) is expected with another key")
            }
            expected.publicKey = key
            expected.application = nil
        }
        guard expected != known else { return .unchanged }
        if !isTrial {
            try store.save(expected)
            try note(known == nil ? "planned" : "planned anew", row.id, store, at: moment)
        }
        return known == nil ? .added : .changed
    }

    /// Of a device that has spoken itself, an import sets attributes and nothing else.
    private func take(
        _ row: InventoryRow, _ device: DeviceRecord, _ store: any StoreWriter,
        at moment: Instant
    ) throws -> Effect {
        guard device.lifecycle == .active else {
            throw Refusal.conflict("device \(row.id) is retired; its id stays taken")
        }
        guard row.publicKey ?? device.publicKey == device.publicKey else {
            throw Refusal.conflict("device \(row.id) is enrolled with another key")
        }
        guard row.hardware ?? device.hardware == device.hardware else {
            throw Refusal.conflict("device \(row.id) says that it is a \(device.hardware)")
        }
        guard row.attributes != device.setAttributes else { return .unchanged }
        guard permissions.contains(.changeDevices) else {
            throw Refusal.forbidden(
                "device \(row.id) is enrolled, and \(Permission.changeDevices.rawValue) is needed"
                    + " to change it")
        }
        if !isTrial {
            var device = device
            device.setAttributes = row.attributes
            try store.save(device, at: moment)
            try note("its attributes were imported", row.id, store, at: moment)
        }
        return .changed
    }

    private func note(
        _ what: String, _ id: DeviceID, _ store: any StoreWriter, at moment: Instant
    ) throws {
        try store.add(
            EventRecord(at: moment, device: id, rollout: nil, what: "\(what) (\(author))"))
    }
}

extension ExpectedDevice {
    var entry: InventoryEntry {
        InventoryEntry(
            row: InventoryRow(
                id: id, hardware: hardware ?? application?.hardware, publicKey: publicKey,
                attributes: attributes),
            lifecycle: publicKey == nil ? .planned : .provisioned, askedKey: application?.key)
    }
}

extension DeviceRecord {
    var entry: InventoryEntry {
        InventoryEntry(
            row: InventoryRow(
                id: id, hardware: hardware, publicKey: publicKey, attributes: setAttributes),
            lifecycle: stage, reported: reportedAttributes, release: facts.release,
            lastSeen: lastSeen, askedKey: askedKey?.key)
    }

    /// Where it stands in its life; what is held is active.
    var stage: LifecycleStage {
        switch lifecycle {
        case .retired: .retired
        case .active: quarantined == nil ? .active : .quarantined
        }
    }
}

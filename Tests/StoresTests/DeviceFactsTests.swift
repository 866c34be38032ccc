import Foundation
import Model
import Orchestrator
import Rollouts
import Stores
import TestSupport
import Testing

/// What plans are made from, as it is read from a real file.
@Suite struct DeviceFactsTests {
    private static let image = must(Digest(bytes: Array(repeating: 1, count: 32)))

    private static func record(
        _ name: String, _ attributes: [String: String] = [:],
        _ change: (inout DeviceRecord) -> Void = { _ in }
    ) throws -> DeviceRecord {
        var record = DeviceRecord(
            id: must(DeviceID(name)), hardware: must(HardwareModel("gw-2")),
            publicKey: must(Ed25519PublicKey(bytes: Array(repeating: 9, count: 32))), sequence: 7,
            lifecycle: .active, slot: must(SlotName("b")), bootID: must(BootID("boot-1")),
            release: ReleaseID("acme 2.0.0-rc.1+b5"), image: image, isConfirmed: true,
            phaseJSON: Array(#"{"state":"idle"}"#.utf8), lastFailure: nil,
            reportedAttributes: try Attributes(attributes),
            lastSeen: Instant(secondsSinceEpoch: 100), enrolled: Instant(secondsSinceEpoch: 50))
        change(&record)
        return record
    }

    /// - Parameter sql: What somebody does to the database with another program.
    private static func facts(
        on engine: Engine, of records: [DeviceRecord], after sql: String? = nil
    ) async throws -> [DeviceFacts] {
        let database = try TestDatabase(engine)
        let store = try database.open()
        try await store.write { store in
            for record in records { try store.save(record, at: record.lastSeen) }
        }
        if let sql { try database.run(sql) }
        return try await store.read { store in
            var found: [DeviceFacts] = []
            try store.forEachDevice { found.append($0) }
            return found
        }
    }

    @Test(arguments: Engine.allCases) func comeByIdEachWithItsOwnAttributes(engine: Engine)
        async throws
    {
        let attributes = [
            "a": ["site": "zürich", "tags": "lab,x"], "a-1": [:], "a.1": ["site": "b"],
            "B": ["board": "C"], "b": ["board": "D", "site": "c", "tags": ""],
        ]
        let found = try await Self.facts(on: engine, of: attributes.map { try Self.record($0, $1) })
        #expect(found.map(\.id.text) == ["B", "a", "a-1", "a.1", "b"])
        for device in found {
            #expect(device.attributes.values == attributes[device.id.text])
        }
    }

    @Test(arguments: Engine.allCases) func sayWhatTheDeviceRuns(engine: Engine) async throws {
        let found = try await Self.facts(on: engine, of: [Self.record("d")])
        #expect(
            found == [
                DeviceFacts(
                    id: must(DeviceID("d")), hardware: must(HardwareModel("gw-2")),
                    release: ReleaseID("acme 2.0.0-rc.1+b5"), image: Self.image,
                    attributes: .none, lastSeen: Instant(secondsSinceEpoch: 100))
            ])
    }

    @Test(arguments: Engine.allCases) func whatTheDeviceDoesNotKeepItDoesNotRun(engine: Engine)
        async throws
    {
        let found = try await Self.facts(
            on: engine, of: [Self.record("d") { $0.isConfirmed = false }])
        #expect(found.map(\.release) == [nil])
        #expect(found.map(\.image) == [nil])
    }

    typealias Change = @Sendable (inout DeviceRecord) -> Void

    static let changes: [(DeviceFacts.Standing, ReleaseID?, Change)] = [
        (.active, nil, { $0.heldReason = nil }),
        (.held("in repair"), nil, { $0.heldReason = "in repair" }),
        (.quarantined, nil, { $0.quarantined = Instant(secondsSinceEpoch: 7) }),
        (.retired, nil, { $0.lifecycle = .retired }),
        (.active, ReleaseID("acme 1.0"), { $0.pin = ReleaseID("acme 1.0") }),
    ]

    @Test(arguments: Engine.allCases, changes)
    func tellWhatOperatorsDecided(
        engine: Engine, change: (DeviceFacts.Standing, ReleaseID?, Change)
    ) async throws {
        let (standing, pin, change) = change
        let found = try await Self.facts(on: engine, of: [Self.record("d", [:], change)])
        #expect(found.map(\.standing) == [standing])
        #expect(found.map(\.pin) == [pin])
    }

    @Test(arguments: Engine.allCases) func whatIsLeftOfARemovedDeviceConfusesNoOther(engine: Engine)
        async throws
    {
        let records = try ["a", "b", "c"].map { try Self.record($0, ["site": $0]) }
        let found = try await Self.facts(
            on: engine, of: records,
            after: "\(Self.unguarded(engine)); DELETE FROM devices WHERE id = 'b';")
        #expect(found.map { $0.attributes["site"] } == ["a", "c"])
    }

    @Test(arguments: Engine.allCases) func aFleetWithoutDevicesHasNone(engine: Engine) async throws
    {
        #expect(try await Self.facts(on: engine, of: []).isEmpty)
    }

    /// What lets another program remove what others refer to.
    private static func unguarded(_ engine: Engine) -> String {
        switch engine {
        case .sqlite: "PRAGMA foreign_keys = OFF"
        case .postgres: "SET session_replication_role = replica"
        }
    }
}

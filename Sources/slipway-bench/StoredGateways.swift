internal import Audit
import Foundation
internal import Model
internal import OpenSSL
internal import Orchestrator
internal import Rollouts
internal import Stores

/// The fleet of ``InventedGateways`` in a database of the server.
struct StoredGateways {
    let store: SQLiteStore

    private static let batchCount = 10_000

    /// Opens the database at `path`; when there is none, makes it with all of `fleet`.
    init(at path: String, of fleet: InventedGateways) async throws {
        let exists = FileManager.default.fileExists(atPath: path)
        store = try SQLiteStore(path: path)
        guard !exists else { return }
        var fleet = fleet
        while true {
            let batch = (0..<Self.batchCount).compactMap { _ in fleet.next() }
            guard !batch.isEmpty else { return }
            let pen = AuditPen(
                .server, at: Instant(secondsSinceEpoch: 0), hashing: OpenSSLHashing())
            try await store.write(with: pen) { store in
                for device in batch {
                    try store.save(DeviceRecord(inventing: device), at: device.lastSeen)
                }
            }
        }
    }
}

extension DeviceRecord {
    /// What nothing is decided by is the same for all devices.
    fileprivate init(inventing facts: DeviceFacts) throws {
        guard let key = Ed25519PublicKey(bytes: Array(repeating: 7, count: 32)),
            let slot = SlotName("a"), let boot = BootID("0f9a5d56-5ba1-4d2a-9d0c-0d2f4c1c7b11")
        else { throw BenchProblem.failed("a device has a key, a slot and a boot") }
        self.init(
            id: facts.id, hardware: facts.hardware, publicKey: key, sequence: 1,
            lifecycle: facts.isActive ? .active : .retired, slot: slot, bootID: boot,
            release: facts.release, image: facts.image, isConfirmed: true,
            phaseJSON: Array(#"{"state":"idle"}"#.utf8), lastFailure: nil,
            reportedAttributes: facts.attributes, lastSeen: facts.lastSeen, enrolled: facts.lastSeen
        )
    }
}

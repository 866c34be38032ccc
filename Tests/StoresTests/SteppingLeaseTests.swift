import Model
import Orchestrator
import TestSupport
import Testing

/// What the lease of the server that steps relies on, on a real database of each engine.
@Suite struct SteppingLeaseTests {
    private static let server = SteppingServer(
        id: must(Nonce("one")), name: "host:1", process: "boot pid 1 2")

    @Test(arguments: Engine.allCases) func isKeptAsItWasWritten(engine: Engine) async throws {
        let database = try TestDatabase(engine)
        let store = try database.open()
        let before = try await store.read { try $0.steppingLease() }
        #expect(before == nil)
        for lease in [
            SteppingLease(epoch: 1, holder: Self.server, beat: 0),
            SteppingLease(epoch: 1, holder: Self.server, beat: 7),
            SteppingLease(epoch: 1, holder: nil, beat: 7),
            SteppingLease(epoch: 2, holder: Self.server, beat: 0),
        ] {
            try await store.write { try $0.save(lease) }
            let found = try await database.open().read { try $0.steppingLease() }
            #expect(found == lease)
        }
    }

    /// Whoever stepped by a number must never find it good again.
    @Test(arguments: Engine.allCases) func itsNumberNeverFalls(engine: Engine) async throws {
        let database = try TestDatabase(engine)
        let store = try database.open()
        let lease = SteppingLease(epoch: 5, holder: Self.server, beat: 0)
        try await store.write { try $0.save(lease) }
        await #expect(throws: StoreError.conflict) {
            try await store.write {
                try $0.save(SteppingLease(epoch: 4, holder: Self.server, beat: 1))
            }
        }
        #expect(throws: (any Error).self) { try database.run("DELETE FROM stepping_lease") }
        let found = try await store.read { try $0.steppingLease() }
        #expect(found == lease)
    }
}

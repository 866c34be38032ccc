import Foundation
import Model
import Orchestrator
@testable import Stores
import TestSupport
import Testing

private typealias Scene = SQLiteStoreTests

/// A PostgreSQL server that is there and does not do what it should: nobody waits for it for ever,
/// and nobody is told that something is kept which may not be.
@Suite struct PostgresSilenceTests {
    private static let device = must(DeviceID("gw-1"))

    private static func event(_ what: String) -> EventRecord {
        EventRecord(at: Scene.at(1), device: device, rollout: nil, what: what)
    }

    /// Its connections stand, so that nothing else tells.
    @Test func aServerThatHangsIsNotWaitedForForEver() async throws {
        let server = try PostgresServer(isDurable: false)
        let store = try PostgresStore(url: server.makeDatabase())
        _ = try await store.read { try $0.heartbeat() }
        // Its connection waits for the next one by the time that it is answered.
        try await store.write { try $0.add(Self.event("a")) }

        try server.freeze()
        defer { try? server.thaw() }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    await #expect(throws: StoreError.busy) {
                        try await store.write { try $0.add(Self.event("b")) }
                    }
                    await #expect(throws: StoreError.busy) {
                        _ = try await store.read { try $0.heartbeat() }
                    }
                }
            }
        }
        try server.thaw()
        while true {
            do {
                try await store.write { try $0.add(Self.event("c")) }
                break
            } catch StoreError.busy { await Task.yield() }
        }
        let written = try await store.read { store in
            try store.events(of: Self.device, until: Scene.at(9), limit: 9).map(\.what)
        }
        #expect(written == ["a", "c"])
    }

    /// PostgreSQL then calls the commit done, with a warning; after a failover it would be gone.
    @Test func aCommitThatNoStandbyHasIsNoSuccess() async throws {
        let server = try PostgresServer(isDurable: false)
        let address = try server.makeDatabase()
        let store = try PostgresStore(url: address)
        try await store.write { try $0.add(Self.event("a")) }
        try server.query(address, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        try server.query(address, "SELECT pg_reload_conf()")
        while try server.query(address, "SHOW synchronous_standby_names") != "nobody" {
            await Task.yield()
        }

        async let outcome = Self.problem { try await store.write { try $0.add(Self.event("b")) } }
        while try server.query(
            address,
            "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity"
                + " WHERE wait_event = 'SyncRep'") == "0"
        { await Task.yield() }
        let problem = await outcome
        #expect(problem as? StoreError == .busy)
    }

    private static func problem(_ body: () async throws -> Void) async -> (any Error)? {
        do { try await body() } catch { return error }
        return nil
    }

    @Test(arguments: [(Duration.zero, true), (nil, false)])
    func whoeverHasWaitedForTooLongIsTooLate(patience: Duration?, isLate: Bool) async throws {
        await #expect(throws: StoreError.busy) {
            try await withCheckedThrowingContinuation { continuation in
                var line = WaitingLine(patience: patience)
                let body = WaitingBody({ _ in }, continuation)
                do { try line.append(body) } catch { Issue.record(error) }
                #expect(line.popFirst(before: .max)?.isLate == isLate)
                #expect(line.count == 0)
                body.refuse(.busy)
            }
        }
    }
}

import Model
import Orchestrator
import Stores
import TestSupport
import Testing

private typealias Scene = SQLiteStoreTests

/// What a store knows of devices that left before they were done.
@Suite struct LeaverTests {
    private static let rollout = must(RolloutName("r"))
    private static func device(_ number: Int) -> DeviceID { must(DeviceID("gw-\(number)")) }

    private func store(_ engine: Engine) async throws -> any Store {
        let store = try TestDatabase(engine).open()
        try await store.write { store in
            try store.add(Scene.rollout())
            for number in 0..<4 {
                try store.save(Scene.device("gw-\(number)"), at: Scene.at(1))
            }
        }
        return store
    }

    @Test(arguments: Engine.allCases)
    func countsEachLeaverOnceAndNotAfterItsReturn(engine: Engine) async throws {
        let store = try await store(engine)
        let counts = try await store.write { store in
            var counts: [[Int: Int]] = [try store.leavers(of: Self.rollout)]
            for (number, wave) in [(0, 0), (1, 1), (2, 1), (1, 1), (1, 0)] {
                try store.addLeaver(Self.device(number), from: wave, of: Self.rollout)
            }
            counts.append(try store.leavers(of: Self.rollout))
            try store.removeLeaver(Self.device(2))
            try store.removeLeaver(Self.device(3))
            counts.append(try store.leavers(of: Self.rollout))
            return counts
        }
        #expect(counts == [[:], [0: 1, 1: 2], [0: 1, 1: 1]])
    }

    @Test(arguments: Engine.allCases)
    func countsTheProvenThatAreStillThere(engine: Engine) async throws {
        let store = try await store(engine)
        let (count, origins) = try await store.write { store in
            for number in 0..<3 {
                let device = Self.device(number)
                try store.save(
                    AttemptRecord(
                        rollout: Self.rollout, device: device, wave: 0, standing: .proven,
                        tries: 1, lastFailure: nil, notedTry: 0, forgivenTry: 0,
                        cameFrom: ReleaseID("acme 1.\(number == 0 ? 0 : 1).0")))
            }
            for number in 1..<3 {
                var device = must(try store.device(Self.device(number)))
                device.lifecycle = .retired
                try store.save(device, at: Scene.at(2))
            }
            return (
                try store.remainingProvenCount(in: Self.rollout),
                try store.origins(in: Self.rollout)
            )
        }
        #expect(count == 1)
        #expect(origins == [must(ReleaseID("acme 1.0.0")): 1])
    }
}

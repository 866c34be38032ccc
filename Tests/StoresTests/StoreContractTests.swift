import Foundation
import Model
import Orchestrator
import Rollouts
import Stores
import TestSupport
import Testing

private typealias Scene = SQLiteStoreTests

/// What the orchestrator relies on in its store, on a real database of each engine.
@Suite struct StoreContractTests {
    @Test(arguments: Engine.allCases) func keepsDevicesAcrossARestart(engine: Engine) async throws {
        let database = try TestDatabase(engine)
        let device = Scene.device()
        try await database.open().write { try $0.save(device, at: device.lastSeen) }

        let found = try await database.open().read { store in
            (try store.device(device.id), try store.devices())
        }

        #expect(found.0 == device)
        #expect(found.1 == [device])
    }

    @Test(arguments: Engine.allCases) func replacesADeviceAndItsAttributes(engine: Engine)
        async throws
    {
        let store = try TestDatabase(engine).open()
        var device = Scene.device()
        let old = device
        try await store.write { try $0.save(old, at: old.lastSeen) }
        device.reportedAttributes = try Attributes(["site": "lyon"])
        device.lastFailure = nil
        device.release = nil
        device.image = nil
        device.sequence = 8
        let new = device
        try await store.write { try $0.save(new, at: new.lastSeen) }

        #expect(try await store.read { try $0.device(new.id) } == new)
    }

    static let states: [RolloutState] = [
        .draft,
        .running(wave: 1, since: Scene.at(5), started: Scene.at(2)),
        .paused(wave: 0, .operatorRequest, started: Scene.at(2)),
        .paused(wave: 1, .failureLimit(failures: 2, decided: 9), started: Scene.at(2)),
        .paused(wave: 1, .classLimit(.download, failures: 3, decided: 8), started: Scene.at(2)),
        .paused(
            wave: 1, .outsideCheck(name: must(CheckName("qa")), detail: "it's \"bad\"; DROP"),
            started: Scene.at(2)),
        .completed(at: Scene.at(9)), .reverting(by: must(RolloutName("r-revert"))),
        .aborted(.operatorRequest), .aborted(.expired), .aborted(.releaseWithdrawn),
        .aborted(.superseded(by: must(RolloutName("s")))),
        .aborted(.reverted(by: must(RolloutName("r-revert")))),
    ]

    @Test(arguments: Engine.allCases, states)
    func keepsEveryStateOfARollout(engine: Engine, state: RolloutState) async throws {
        let database = try TestDatabase(engine)
        let record = Scene.rollout()
        var changed = record
        changed.state = state
        let new = changed
        let store = try database.open()
        try await store.write { try $0.add(record) }
        try await store.write { try $0.update(new, at: Scene.at(20)) }

        let found = try await database.open().read { try $0.rollout(record.name) }
        #expect(found?.state == state)
        #expect(found?.revision == 2)
        #expect(found?.listed == record.listed)
        #expect(found?.deviceCounts == record.deviceCounts)
        #expect(found?.hardware == record.hardware)
        #expect(found?.priority == .emergency)
        // It is remembered when it changed.
        let past = try await store.read { store in
            try [19, 20].map {
                try store.history(at: Scene.at($0), askedBy: must(DeviceID("gw-1"))).rollouts()
                    .map(\.state)
            }
        }
        #expect(past == [[.draft], [state]])
    }

    @Test(arguments: Engine.allCases) func letsOnlyOneOfTwoChangesWin(engine: Engine) async throws {
        let store = try TestDatabase(engine).open()
        let record = Scene.rollout()
        try await store.write { try $0.add(record) }
        try await store.write { try $0.update(record, at: Scene.at(20)) }

        await #expect(throws: StoreError.conflict) {
            try await store.write { try $0.update(record, at: Scene.at(20)) }
        }
    }

    @Test(arguments: Engine.allCases) func holdsOneOpenOfferForEachDevice(engine: Engine)
        async throws
    {
        let store = try TestDatabase(engine).open()
        try await store.write { store in
            try store.save(Scene.device(), at: Scene.at(100))
            try store.add(Scene.rollout())
            try store.add(Scene.offer("n1"), values: [:])
        }

        await #expect(throws: StoreError.conflict) {
            try await store.write { try $0.add(Scene.offer("n2"), values: [:]) }
        }
        let open = try await store.read { try $0.openOffer(of: must(DeviceID("gw-1"))) }
        #expect(open == Scene.offer("n1"))
    }

    @Test(arguments: Engine.allCases) func keepsOffersByOutcome(engine: Engine) async throws {
        let store = try TestDatabase(engine).open()
        let outcomes: [OfferRecord.Outcome] = [
            .proven, .failed(Failure(.boot, "gone")), .cancelled, .open,
        ]
        try await store.write { store in
            try store.save(Scene.device(), at: Scene.at(100))
            try store.add(Scene.rollout())
            for (number, outcome) in outcomes.enumerated() {
                var offer = Scene.offer("n\(number)", expires: Int64(100 + number))
                try store.add(offer, values: [:])
                offer.outcome = outcome
                offer.decided = outcome == .open ? nil : Scene.at(60)
                try store.update(offer)
            }
        }

        let name = must(RolloutName("r"))
        let found = try await store.read { store in
            (
                try store.openOfferCount(in: name), try store.openOffers().map(\.nonce),
                try store.expiredOffers(at: Scene.at(103))
            )
        }
        #expect(found.0 == 1)
        #expect(found.1 == [must(Nonce("n3"))])
        #expect(found.2.map(\.nonce) == [must(Nonce("n3"))])
        #expect(try await store.read { try $0.expiredOffers(at: Scene.at(102)) }.isEmpty)
        // At second 50 the first three were open still; the numbers are of one device, which no
        // real fleet has.
        let past = try await store.read { store in
            try store.history(at: Scene.at(50), askedBy: must(DeviceID("x")))
                .openOfferCount(in: name)
        }
        #expect(past == 4)
    }

    @Test(arguments: Engine.allCases) func remembersDevicesAsTheyWere(engine: Engine) async throws {
        let store = try TestDatabase(engine).open()
        let id = must(DeviceID("gw-1"))
        let facts = try await store.write { store in
            var device = Scene.device()
            try store.save(device, at: Scene.at(100))
            device.reportedAttributes = try Attributes(["site": "lyon"])
            device.heldReason = "lab"
            device.pin = ReleaseID("acme 1.0")
            try store.save(device, at: Scene.at(200))
            device.sequence += 1
            try store.save(device, at: Scene.at(300))
            return try [99, 100, 199, 200, 999].map {
                try store.history(at: Scene.at($0), askedBy: id).facts(of: id)
            }
        }
        #expect(facts[0] == nil)
        #expect(facts[1]?.attributes["site"] == "zürich" && facts[1]?.standing == .active)
        #expect(facts[2]?.attributes == facts[1]?.attributes)
        #expect(facts[3]?.attributes["site"] == "lyon" && facts[3]?.standing == .held("lab"))
        #expect(facts[3]?.pin == ReleaseID("acme 1.0") && facts[3]?.lastSeen == Scene.at(200))
        #expect(facts[4]?.standing == .held("lab"))
    }

    @Test(arguments: Engine.allCases) func keepsPlansThatWereShown(engine: Engine) async throws {
        let database = try TestDatabase(engine)
        let plan = PlanRecord(
            digest: must(Digest(bytes: Array(repeating: 7, count: 32))), at: Scene.at(5),
            rollout: must(RolloutName("r")), fileJSON: Array("{}".utf8),
            listed: [[must(DeviceID("gw-1")), must(DeviceID("gw-2"))], []],
            deviceCounts: [2, 9],
            images: [
                must(HardwareModel("gw-2")): must(Digest(bytes: Array(repeating: 3, count: 32)))
            ],
            scope: AttributionScope(attributes: ["board", "site"], pairCount: 9),
            superseded: [must(RolloutName("q"))])
        try await database.open().write { store in
            try store.add(plan)
            try store.add(plan)
        }
        #expect(try await database.open().read { try $0.plan(plan.digest) } == plan)
    }

    @Test(arguments: Engine.allCases) func aWriteThatThrowsLeavesNothing(engine: Engine)
        async throws
    {
        struct Interrupted: Error {}
        let store = try TestDatabase(engine).open()
        await #expect(throws: Interrupted.self) {
            try await store.write { store in
                try store.save(Scene.device(), at: Scene.at(100))
                throw Interrupted()
            }
        }
        #expect(try await store.read { try $0.devices() }.isEmpty)
    }

    @Test(arguments: Engine.allCases) func theLogCannotBeRewritten(engine: Engine) async throws {
        let database = try TestDatabase(engine)
        let store = try database.open()
        try await store.write { store in
            try store.add(EventRecord(at: Scene.at(1), device: nil, rollout: nil, what: "began"))
        }
        #expect(throws: (any Error).self) { try database.run("DELETE FROM events;") }
        #expect(throws: (any Error).self) {
            try database.run("UPDATE events SET what = 'nothing';")
        }
        try await store.write { try $0.save(Scene.device(), at: Scene.at(1)) }
        #expect(throws: (any Error).self) { try database.run("DELETE FROM device_history;") }
    }

    @Test(arguments: Engine.allCases) func cohortsAreOnlyAdded(engine: Engine) async throws {
        let database = try TestDatabase(engine)
        let store = try database.open()
        func cohort(_ name: String, _ number: Int) -> CohortRecord {
            CohortRecord(
                version: must(CohortVersion(name: must(CohortName(name)), number: number)),
                selector: "x == \"\u{e4}\"", expanded: "(all)",
                author: must(OperatorName("ada")), at: Scene.at(Int64(number)))
        }
        let all = [cohort("b", 1), cohort("b", 2), cohort("a", 1), cohort("b", 10)]
        try await store.write { store in for cohort in all { try store.add(cohort) } }
        await #expect(throws: StoreError.conflict) {
            try await store.write { try $0.add(all[1]) }
        }
        #expect(throws: (any Error).self) { try database.run("DELETE FROM cohorts;") }
        #expect(throws: (any Error).self) {
            try database.run("UPDATE cohorts SET expanded = 'all';")
        }

        let name = must(CohortName("b"))
        let found = try await database.open().read { store in
            (
                try store.cohorts(), try store.versions(of: name),
                try store.cohort(all[1].version), try store.newestVersion(of: name),
                try store.newestVersion(of: must(CohortName("c")))
            )
        }
        #expect(found.0 == [all[2], all[3]])
        #expect(found.1 == [all[3], all[1], all[0]])
        #expect(found.2 == all[1])
        #expect(found.3 == all[3])
        #expect(found.4 == nil)
    }
}

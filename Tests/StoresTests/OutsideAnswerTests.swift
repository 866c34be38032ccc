import Foundation
import Model
import Orchestrator
import Rollouts
import Stores
import TestSupport
import Testing

/// What somebody outside said, as the store keeps it.
@Suite struct OutsideAnswerTests {
    private static let name = must(RolloutName("r"))

    private static func at(_ seconds: Int64) -> Instant { Instant(secondsSinceEpoch: seconds) }

    private static func record(
        _ check: String, _ answer: OutsideAnswer, asked: Int64, revision: Int64 = 1
    ) -> OutsideAnswerRecord {
        OutsideAnswerRecord(
            rollout: name, check: must(CheckName(check)), wave: 0, revision: revision,
            asked: AskedAnswer(answer, asked: at(asked)))
    }

    private static func store(on engine: Engine) async throws -> any Store {
        let store = try TestDatabase(engine).open()
        try await store.write { store in
            try store.add(
                RolloutRecord(
                    name: name, fileJSON: Array("{}".utf8),
                    planDigest: must(Digest(bytes: Array(repeating: 2, count: 32))), listed: [[]],
                    deviceCounts: [1], hardware: [must(HardwareModel("gw-2"))],
                    scope: AttributionScope(attributes: [], pairCount: 0), created: at(1),
                    author: must(OperatorName("ada")), priority: .standard, state: .draft,
                    revision: 1))
        }
        return store
    }

    /// The newest is the last that was stored: clocks may be set back.
    @Test(arguments: Engine.allCases)
    func theNewestAnswerOfEachCheckAndRevisionIsFound(engine: Engine) async throws {
        let store = try await Self.store(on: engine)
        try await store.write { store in
            try store.add(Self.record("a", .pass, asked: 100))
            try store.add(Self.record("a", .fail("it's \"bad\""), asked: 90))
            try store.add(Self.record("b", .unknown("?"), asked: 80))
            try store.add(Self.record("b", .pass, asked: 200, revision: 2))
        }
        #expect(
            try await store.read { try $0.outsideAnswers(of: Self.name, revision: 1) } == [
                must(CheckName("a")): AskedAnswer(.fail("it's \"bad\""), asked: Self.at(90)),
                must(CheckName("b")): AskedAnswer(.unknown("?"), asked: Self.at(80)),
            ])
        #expect(
            try await store.read { try $0.outsideAnswers(of: Self.name, revision: 2) } == [
                must(CheckName("b")): AskedAnswer(.pass, asked: Self.at(200))
            ])
        #expect(
            try await store.read {
                try $0.outsideAnswers(of: must(RolloutName("s")), revision: 1).isEmpty
            })
    }
}

import Foundation
import Model
import Orchestrator
@testable import Stores
import TestSupport
import Testing

private typealias Scene = SQLiteStoreTests

/// The way back: one of both is used, never both, and never by mistake.
@Suite struct MoveBackTests {
    private static func refusal(
        _ scene: MoveScene, to address: String? = nil, forgets: Bool = false
    ) -> String {
        do throws(MoveProblem) {
            try scene.move(to: address).takeBack(forgetsTarget: forgets)
            return "it was taken back"
        } catch { return "\(error)" }
    }

    private static func expectGivenUp(_ scene: MoveScene) throws {
        _ = try scene.openSource()
        let target = MoveScene.refusal { () throws(StoreError) in try scene.openTarget() }
        #expect(target.contains("was given up"), "\(target)")
        guard case .refused = scene.problem() else {
            Issue.record("what was given up was moved to")
            return
        }
    }

    @Test func whatNobodyHasUsedIsGivenUp() async throws {
        let scene = try MoveScene()
        #expect(Self.refusal(scene).contains("was not moved"))
        _ = try scene.move().run()
        let store = try scene.openTarget()
        #expect(Self.refusal(scene) == "it was taken back")
        try Self.expectGivenUp(scene)
        // Nor by a server that had it open.
        let given = StoreError.foreign("the database was given up: its fleet is in another one")
        await #expect(throws: given) { try await store.write { try $0.beat(at: Scene.at(99)) } }
        // And the fleet can move to another place.
        let other = try PostgresServer.shared.get().makeDatabase()
        #expect(scene.problem(to: other) == nil)
    }

    @Test func whatIsNotFinishedIsGivenUp() throws {
        let scene = try MoveScene()
        try scene.cut()
        #expect(Self.refusal(scene) == "it was taken back")
        try Self.expectGivenUp(scene)
    }

    @Test func whatWasUsedIsForgottenOnlyWhenSomebodySaysSo() async throws {
        let scene = try MoveScene()
        _ = try scene.move().run()
        try await scene.openTarget().write { try $0.beat(at: Scene.at(99)) }
        let refusal = Self.refusal(scene)
        #expect(refusal.contains("limits exceeded") && refusal.contains("--forget-target"))
        _ = try scene.openTarget()
        #expect(
            MoveScene.refusal { () throws(StoreError) in try scene.openSource() }
                .contains("was moved to"))
        #expect(Self.refusal(scene, forgets: true) == "it was taken back")
        try Self.expectGivenUp(scene)
    }

    @Test func aTargetThatIsLostOrIsAnotherOne() throws {
        let scene = try MoveScene()
        _ = try scene.move().run()
        let empty = try PostgresServer.shared.get().makeDatabase()
        #expect(Self.refusal(scene, to: empty).contains("is not the one"))
        let lost = "postgres://u@127.0.0.1:1/none?connect_timeout=1"
        #expect(Self.refusal(scene, to: lost).contains("127.0.0.1"))
        #expect(Self.refusal(scene, to: lost, forgets: true) == "it was taken back")
        _ = try scene.openSource()
    }
}

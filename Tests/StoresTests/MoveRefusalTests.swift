import Foundation
import Model
import Orchestrator
@testable import Stores
import TestSupport
import Testing

private typealias Scene = SQLiteStoreTests

/// What a move does not begin with, and leaves as it was.
@Suite struct MoveRefusalTests {
    private static func expectRefused(
        _ problem: MoveProblem?, _ words: String, _ scene: MoveScene
    ) throws {
        guard case .refused(let found) = problem else {
            Issue.record("not refused: \(String(describing: problem))")
            return
        }
        #expect(found.contains(words), "\(found)")
        // The fleet stays where it is.
        _ = try scene.openSource()
    }

    // MARK: Sources

    @Test func aSourceThatIsNone() throws {
        let scene = try MoveScene()
        let missing = Scene.path()
        try Self.expectRefused(scene.problem(from: missing), "does not exist", scene)
        #expect(!FileManager.default.fileExists(atPath: missing))
        let recipes = Scene.path()
        try Scene.sqlite(recipes, "CREATE TABLE recipes (name TEXT);")
        try Self.expectRefused(scene.problem(from: recipes), "another program", scene)
        let empty = Scene.path()
        try Scene.sqlite(empty, "VACUUM;")
        try Self.expectRefused(scene.problem(from: empty), "holds no fleet", scene)
        #expect(try scene.answer("SELECT to_regclass('slipway_schema') IS NULL") == "t")
    }

    @Test func aSourceOfAnotherSchema() throws {
        let scene = try MoveScene()
        let old = try SchemaTests.database(ofSchema: 6).place
        try Self.expectRefused(
            scene.problem(from: old), "start this server on it once, which brings it there", scene)
        let new = try MoveScene("PRAGMA user_version = 99;")
        try Self.expectRefused(
            scene.problem(from: new.path), "was written by a newer slipway-server", scene)
    }

    @Test func aSourceWithTablesThatNobodyKnows() throws {
        let scene = try MoveScene("CREATE TABLE notes (text TEXT);")
        try Self.expectRefused(scene.problem(), #"["notes"]"#, scene)
    }

    @Test func aSourceThatIsDamaged() throws {
        let scene = try MoveScene(
            "PRAGMA foreign_keys = OFF; INSERT INTO attributes VALUES ('nobody', 'a', 'b');")
        try Self.expectRefused(scene.problem(), "attributes: a row refers to nothing", scene)
    }

    @Test func aSourceThatAServerUses() async throws {
        let scene = try MoveScene()
        let store = try scene.openSource()
        try Self.expectRefused(scene.problem(), "another program is using", scene)
        // Which goes on.
        try await store.write { try $0.beat(at: Scene.at(99)) }
    }

    /// Nobody else comes in meanwhile, neither to write nor to move.
    @Test func aSourceThatMoves() throws {
        let scene = try MoveScene()
        let other = try PostgresServer.shared.get().makeDatabase()
        let meanwhile = AtProgress.amongEvents {
            guard case .refused(let problem) = scene.problem(to: other) else {
                Issue.record("two moves from one place")
                return
            }
            #expect(problem.contains("another program is using"), "\(problem)")
            #expect(throws: (any Error).self) {
                try scene.sqlite("UPDATE devices SET slot = 'z' WHERE id = 'gw-3'")
            }
        }
        guard case .moved = try scene.move(meanwhile.report).run() else {
            Issue.record("it was moved before")
            return
        }
        try scene.expectTheSameRows()
    }

    // MARK: Targets

    @Test func aTargetWithAnotherFleet() async throws {
        let scene = try MoveScene()
        try await scene.openTarget().write { try $0.save(Scene.device(), at: Scene.at(1)) }
        try Self.expectRefused(scene.problem(), "holds another fleet's rows already", scene)
        let found = try await scene.openTarget().read { try $0.devices().count }
        #expect(found == 1)
    }

    @Test func aTargetThatOnlyHasTablesIsFit() throws {
        let scene = try MoveScene()
        _ = try scene.openTarget()
        _ = try scene.move().run()
        try scene.expectTheSameRows()
    }

    @Test func aTargetOfAnotherSchema() throws {
        let scene = try MoveScene()
        _ = try PostgresStore(
            url: scene.address, steps: Array(Schema.migrations.dropLast()))
        try Self.expectRefused(
            scene.problem(), "has schema \(Schema.migrations.count - 1)", scene)
        _ = try scene.answer("UPDATE slipway_schema SET version = 99")
        try Self.expectRefused(scene.problem(), "has schema 99", scene)
    }

    @Test func aTargetOfAnotherProgramOrInAnotherForm() throws {
        let scene = try MoveScene()
        _ = try scene.answer("CREATE TABLE recipes (name TEXT)")
        try Self.expectRefused(scene.problem(), "tables of another program", scene)
        let server = try PostgresServer.shared.get()
        let name = "latin_\(UUID().uuidString.prefix(8).lowercased())"
        _ = try scene.answer(
            "CREATE DATABASE \(name) ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'"
                + " TEMPLATE template0")
        let latin = "postgres://slipway@/\(name)?host=\(server.folder.path)"
        try Self.expectRefused(
            scene.problem(to: latin), "in another form than UTF8", scene)
    }

    @Test func aTargetThatIsNotThere() throws {
        let scene = try MoveScene()
        let nobody = "postgres://u:hush@127.0.0.1:1/none?connect_timeout=1"
        guard case .interrupted(let problem) = scene.problem(to: nobody) else {
            Issue.record("nobody listens there")
            return
        }
        #expect(problem.contains("127.0.0.1") && !problem.contains("hush"), "\(problem)")
        _ = try scene.openSource()
    }
}

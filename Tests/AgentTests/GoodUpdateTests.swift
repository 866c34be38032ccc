import Agent
import AgentSupport
import Model
import Testing
import Trust
import Wire

/// An update that nothing comes in the way of.
@Suite struct GoodUpdateTests {
    private func updated() throws -> World {
        let world = try World(wanting: Firmware("acme-gateway 2.0"))
        world.settle()
        return world
    }

    /// Each step is stored before the one that depends on it.
    static let order = [
        // The first sequences are reserved, the answer is noted, the offer is kept.
        "read a", "save idle", "check-in idle", "save idle", "save offered",
        "metadata 2.root.json", "metadata timestamp.json", "keep timestamp.json",
        "metadata 2.snapshot.json", "keep snapshot.json", "metadata 2.targets.json",
        "keep targets.json", "save offered", "save downloading",
        "note nothing in b", "begin b at 0", "image from 0",
        "write b", "write b", "write b", "sync b", "save downloading",
        "write b", "write b", "write b", "sync b", "save downloading",
        "write b", "write b", "write b", "sync b", "save downloading",
        "write b", "write b", "write b", "sync b", "save downloading",
        "write b", "sync b", "finish", "save verifying",
        "read b", "note acme-gateway 2.0 in b",
        // It may have been withdrawn meanwhile.
        "metadata 2.root.json", "metadata timestamp.json", "save installed",
        "check-in installed", "save trial", "arm b", "reboot",
        "read b", "save trial", "health b", "save trial",
        // A start reserves sequences of its own.
        "save trial", "check-in trial", "save confirming",
        "confirm b", "save confirming", "save proven", "check-in proven", "save idle",
        "check-in idle",
    ]

    @Test func doesEveryThingInItsOrder() throws {
        #expect(try updated().machine.power.calls == Self.order)
    }

    @Test func endsOnTheNewImageForGood() throws {
        let world = try updated()
        #expect(world.isProven)
        #expect(world.server.story == ["idle", "installed", "trial", "proven", "idle"])
        #expect(world.machine.confirmed.text == "b")
        #expect(world.machine.trial == nil)
        world.reboot()
        #expect(world.machine.running?.signed.release == (try release("acme-gateway 2.0")))
        #expect(world.storedPhase == .idle)
    }

    @Test func provesWhatItBooted() throws {
        let world = try updated()
        let proof = try #require(world.server.checkIns.first { $0.phase.word == "proven" })
        #expect(proof.boot.slot.text == "b")
        #expect(proof.boot.isConfirmed)
        #expect(proof.boot.sha256 == (try Firmware("acme-gateway 2.0")).digest)
        #expect(proof.boot.release == (try release("acme-gateway 2.0")))
        let trial = try #require(world.server.checkIns.first { $0.phase.word == "trial" })
        #expect(!trial.boot.isConfirmed)
        #expect(trial.boot.bootID == proof.boot.bootID)
    }

    @Test func enrolsUntilItIsAnsweredAndTellsAttributesOnce() throws {
        let world = try World(wanting: nil)
        world.server.isReachable = false
        world.run { $0.pauses.count == 2 }
        world.server.isReachable = true
        world.run { $0.server.checkIns.count == 2 }
        let (first, second) = (world.server.checkIns[0], world.server.checkIns[1])
        #expect(first.enrolment?.token == "token")
        #expect(first.attributes?["site"] == "berlin")
        #expect(second.enrolment == nil)
        #expect(second.attributes == nil)
    }

    @Test func waitsAsLongAsTheServerSays() throws {
        let world = try World(wanting: nil)
        world.run { $0.server.checkIns.count == 2 }
        #expect(world.pauses == [.seconds(60), .seconds(60)])
    }

    /// A server that asks for no pause would be the target of its own fleet.
    @Test func pausesThoughTheServerSaysNone() throws {
        let world = try World(wanting: nil)
        world.server.answer = { checkIn, directive in
            var directive = directive
            directive.checkInAfterSeconds = 0
            return try sign(directive, by: key(5)).bytes
        }
        world.run { $0.server.checkIns.count == 1 }
        #expect(world.pauses == [.seconds(1)])
    }

    @Test func pausesLongerAndLongerWithoutAnAnswer() throws {
        let world = try World(wanting: nil)
        world.server.isReachable = false
        world.run { $0.pauses.count == 11 }
        #expect(
            world.pauses.map(\.components.seconds)
                == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
    }

    @Test func takesOneUpdateAfterTheOther() throws {
        let world = try World(
            wanting: Firmware("acme-gateway 2.0"), others: [Firmware("acme-gateway 3.0")])
        world.settle()
        world.server.goal = try Firmware("acme-gateway 3.0")
        world.server.offersLeft = 1
        world.run { $0.machine.confirmed.text == "a" && $0.server.isSettled }
        #expect(world.machine.running?.signed.release == (try release("acme-gateway 3.0")))
        #expect(world.violations == [])
    }
}

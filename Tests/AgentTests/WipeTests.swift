import Agent
import AgentSupport
import Model
import Testing
import Wire

/// A retired device that is told to erase itself, and says how that ended.
@Suite struct WipeTests {
    private typealias Programs = DeviceSayTests.Programs

    /// A world whose server demands a wipe until it is told how it ended, as ours does.
    private static func world(_ verdicts: [HookVerdict]) throws -> (World, Programs) {
        let world = try World(wanting: nil)
        let programs = Programs()
        if !verdicts.isEmpty { programs.verdicts[.wipe] = verdicts }
        world.programs = programs
        var isTold = false
        world.server.order = { checkIn in
            isTold = isTold || checkIn.wipe != nil
            return .retire(wipe: !isTold)
        }
        return (world, programs)
    }

    private static func reports(of world: World) -> [WipeReport] {
        world.server.checkIns.compactMap(\.wipe)
    }

    @Test func runsTheDevicesProgramOnceAndSaysThatItIsDone() throws {
        let (world, programs) = try Self.world([.done])
        world.run { $0.server.checkIns.count == 4 }
        #expect(programs.ran == [.wipe])
        #expect(Self.reports(of: world) == [.done])
        #expect(world.agent?.state.isRetired == true)
    }

    @Test func saysWhyItFailed() throws {
        let (world, programs) = try Self.world([.failed("the disk is stuck")])
        world.run { $0.server.checkIns.count == 4 }
        #expect(programs.ran == [.wipe])
        #expect(Self.reports(of: world) == [.failed("the disk is stuck")])
    }

    /// That nothing was erased is never told as if it had been.
    @Test func saysThatThereIsNoProgram() throws {
        let (world, programs) = try Self.world([])
        world.run { $0.server.checkIns.count == 3 }
        #expect(programs.ran.isEmpty)
        #expect(Self.reports(of: world) == [.failed("the device has no program that erases it")])
    }

    @Test func asksAgainWhileTheProgramSaysNotNow() throws {
        let (world, programs) = try Self.world([.notNow("a print is under way"), .done])
        world.run { Self.reports(of: $0) == [.done] }
        #expect(programs.ran == [.wipe, .wipe])
    }

    @Test func tellsItAgainUntilTheServerHasTakenIt() throws {
        let (world, programs) = try Self.world([.done])
        var lost = 0
        world.server.answer = { checkIn, directive in
            guard checkIn.wipe != nil, lost < 2 else {
                return try sign(directive, by: key(5)).bytes
            }
            lost += 1
            return []
        }
        world.run { $0.server.checkIns.count == 6 }
        #expect(lost == 2)
        #expect(programs.ran == [.wipe])
        #expect(Self.reports(of: world) == [.done, .done, .done])
    }

    @Test func aWipeThatHasBegunToWaitIsDoneThoughTheDeviceIsTakenBack() throws {
        let (world, programs) = try Self.world([.notNow("busy"), .done])
        world.run { _ in programs.ran.count == 1 }
        world.server.order = { _ in nil }
        var state = try #require(world.agent?.state)
        #expect(state.wipe == .demanded)
        // Nobody asks the server before the program agrees: what was demanded is done.
        world.run { _ in programs.ran.count == 2 }
        world.run { $0.agent?.state.wipe == nil }
        state = try #require(world.agent?.state)
        #expect(!state.isRetired)
    }

    @Test(arguments: [AgentState.Wipe.demanded, .done, .failed("stuck")])
    func theStateIsReadBack(wipe: AgentState.Wipe) throws {
        var state = AgentState.new
        state.wipe = wipe
        #expect(try AgentState(parsing: state.bytes) == state)
    }
}

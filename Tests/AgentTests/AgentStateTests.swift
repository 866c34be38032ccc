import Agent
import AgentSupport
import JSON
import Model
import Testing
import Trust
import Wire

/// What the agent remembers, as it stands on disk.
@Suite struct AgentStateTests {
    static func names() -> [String] {
        (try? AgentPhaseTests.Cast())?.phases.keys.sorted() ?? []
    }

    private func full() throws -> AgentState {
        var state = AgentState.new
        state.lastSequence = 4711
        state.isEnrolled = true
        state.enrolledKey = try TestIdentity().publicKey
        state.isRetired = true
        state.reportedAttributes = try Attributes(["site": "köln", "tags": "lab,old"])
        state.newestConfirmed = [
            try release("acme-gateway 2.4.1").name: ReleaseRank(
                counter: 3, version: try version("2.4.1"))
        ]
        state.timeFloor = TimeFloor(earliest: at(1_234_567))
        return state
    }

    @Test(arguments: names())
    func readsBackEveryPhase(name: String) throws {
        var state = try full()
        state.phase = try #require(AgentPhaseTests.Cast().phases[name])
        #expect(try AgentState(parsing: state.bytes) == state)
    }

    @Test func readsBackANewState() throws {
        #expect(try AgentState(parsing: AgentState.new.bytes) == .new)
    }

    @Test func keepsTheCountOfCutTrials() throws {
        var state = try full()
        var job = try AgentPhaseTests.Cast().job
        job.cutTrials = 2
        state.phase = .trial(job, .cutOff)
        #expect(try AgentState(parsing: state.bytes).phase.job?.cutTrials == 2)
    }

    /// A cut in the middle of the file is not what `AgentStore` promises; a bad disk may do it.
    @Test func refusesEveryPrefix() throws {
        var state = try full()
        state.phase = .downloading(try AgentPhaseTests.Cast().job, durableBytes: 5)
        let bytes = state.bytes
        for count in 0..<bytes.count {
            #expect(throws: StateError.self) { try AgentState(parsing: Array(bytes[..<count])) }
        }
    }

    struct Damage: CustomTestStringConvertible {
        let path: [String]
        let value: JSONValue
        var testDescription: String { "\(path.joined(separator: ".")) = \(value)" }
    }

    static let damages: [Damage] = [
        Damage(path: ["phase", "state"], value: "sleeping"),
        Damage(path: ["phase", "state"], value: 1),
        Damage(path: ["phase", "slot"], value: "../a"),
        Damage(path: ["phase", "offer"], value: [:]),
        Damage(path: ["phase", "durable_bytes"], value: -1),
        Damage(path: ["phase", "durable_bytes"], value: 50_002),
        Damage(path: ["phase", "cut_trials"], value: -1),
        Damage(path: ["last_sequence"], value: -1),
        Damage(path: ["last_sequence"], value: .integer(.max)),
        Damage(path: ["enrolled"], value: "yes"),
        Damage(path: ["newest_confirmed"], value: ["acme": "new"]),
        Damage(path: ["newest_confirmed"], value: ["a b": "1.0"]),
        Damage(path: ["time_floor"], value: "yesterday"),
    ]

    @Test(arguments: damages)
    func refusesWhatItCouldNotHaveWritten(damage: Damage) throws {
        var state = try full()
        state.phase = .downloading(try AgentPhaseTests.Cast().job, durableBytes: 5)
        let whole = try JSONFields(
            JSONValue(parsing: state.bytes, limits: .standard(bytes: 100_000)))
        var object = whole.members
        if damage.path.count == 2 {
            let inner = try whole.object(damage.path[0]).members
                .setting(damage.path[1], to: damage.value)
            object = object.setting(damage.path[0], to: .object(inner))
        } else {
            object = object.setting(damage.path[0], to: damage.value)
        }
        let bytes = JSONValue.object(object).compactBytes
        let error = #expect(throws: StateError.self) { try AgentState(parsing: bytes) }
        guard case .damaged? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// After a return, an older agent meets what a newer one has written.
    private func newer(_ state: AgentState, changing: [(String, JSONValue)]) throws -> [UInt8] {
        var object = try JSONFields(
            JSONValue(parsing: state.bytes, limits: .standard(bytes: 100_000))
        ).members.setting("format", to: 99)
        for (member, value) in changing { object = object.setting(member, to: value) }
        return JSONValue.object(object).compactBytes
    }

    @Test(arguments: names())
    func ofANewerStateKeepsWhatProtectsAndHowATrialEnded(name: String) throws {
        var state = try full()
        state.phase = try #require(AgentPhaseTests.Cast().phases[name])
        let read = try AgentState(parsing: newer(state, changing: [("dreams", ["of": "sheep"])]))
        #expect(read.isOfNewerAgent)
        #expect(read.lastSequence == state.lastSequence)
        #expect(read.newestConfirmed == state.newestConfirmed)
        #expect(read.timeFloor == state.timeFloor)
        let promised = [
            "armed", "begun", "passed", "cut off", "confirming", "rolling back", "failed",
        ]
        #expect(read.phase == (promised.contains(name) ? state.phase : .idle))
    }

    @Test func aNewerPhaseThatIsNotKnownIsLeftAlone() throws {
        let bytes = try newer(full(), changing: [("phase", ["state": "dreaming"])])
        #expect(try AgentState(parsing: bytes).phase == .idle)
    }

    @Test func aNewerStateWithoutWhatIsPromisedIsDamaged() throws {
        let bytes = try newer(full(), changing: [("last_sequence", "many")])
        #expect(throws: StateError.self) { try AgentState(parsing: bytes) }
    }

    /// The form that agents wrote before images had formats.
    @Test func readsAStateOfTheFirstFormat() throws {
        var state = try full()
        state.phase = .verifying(try AgentPhaseTests.Cast().job)
        let whole = try JSONFields(
            JSONValue(parsing: state.bytes, limits: .standard(bytes: 100_000)))
        let added: Set = [
            "format", "installed_size", "installed_sha256", "trial_seconds", "bundle",
        ]
        let old = JSONObject(
            try whole.object("phase").members.members
                .filter { !added.contains($0.key.text) }.map { ($0.key.text, $0.value) })
        let bytes = JSONValue.object(
            whole.members.setting("format", to: 1).setting("phase", to: .object(old))
        ).compactBytes
        #expect(try AgentState(parsing: bytes) == state)
    }

    @Test func anAgentThatFindsDamageStartsAnewAndStillRises() throws {
        let world = try World(wanting: nil)
        world.run { $0.server.checkIns.count == 3 }
        let last = try #require(world.server.checkIns.last).sequence
        world.machine.store.state = Array("{\"format\":1,".utf8)
        world.reboot()
        world.run { $0.server.checkIns.count == 4 }
        let next = try #require(world.server.checkIns.last)
        #expect(next.sequence > last)
        #expect(next.enrolment != nil)
        #expect(world.distrust.contains { $0.hasPrefix("starting anew: ") })
        #expect(world.violations == [])
    }
}

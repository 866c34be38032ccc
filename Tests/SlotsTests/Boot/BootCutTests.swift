import Agent
import AgentSupport
import Model
import SimulatedDisk
import Slots
import Testing

/// Every power cut in everything that is asked of a bootloader, and in the recovery from it.
///
/// What a state would boot is read by a model of the loader, never by the code under test.
@Suite struct BootCutTests {
    static let models: [any BootModel] = [
        GrubModel(), UBootModel(copies: 2), UBootModel(copies: 2, byteCount: 6000),
        UBootModel(copies: 1, byteCount: 512), SystemdModel(),
        EFIModel(), TrybootModel(),
    ]

    struct Case: CustomTestStringConvertible, Sendable {
        let model: any BootModel
        let scene: Scene
        var testDescription: String { "\(model): \(scene.rawValue)" }
    }

    /// What was going on when the power failed.
    enum Scene: String, CaseIterable {
        case arming = "the first trial is armed"
        case armingAgain = "a trial that was spent is armed again"
        case armingOver = "a trial that is armed is armed once more"
        case confirming = "the trial is confirmed"
        case forgetting = "an armed trial is forgotten"
        case forgettingSpent = "a spent trial is forgotten"
        case next = "the slot that was confirmed before is armed"
        case returning = "the slot that was confirmed before is confirmed again"

        var before: [BootStep] {
            switch self {
            case .arming: []
            case .armingOver, .forgetting: [.call(.arm("b"))]
            case .confirming: [.call(.arm("b")), .restart]
            case .armingAgain, .forgettingSpent: [.call(.arm("b")), .restart, .restart]
            case .next, .returning: [.call(.arm("b")), .restart, .call(.confirm("b"))]
            }
        }

        var call: BootCall {
            switch self {
            case .arming, .armingAgain, .armingOver: .arm("b")
            case .confirming: .confirm("b")
            case .forgetting, .forgettingSpent: .disarm
            case .next: .arm("a")
            case .returning: .confirm("a")
            }
        }

        /// The next three starts once the call has returned.
        var after: [String] {
            switch self {
            case .arming, .armingAgain, .armingOver: ["b", "a", "a"]
            case .confirming: ["b", "b", "b"]
            case .forgetting, .forgettingSpent, .returning: ["a", "a", "a"]
            case .next: ["a", "b", "b"]
            }
        }
    }

    static let cases = models.flatMap { model in
        Scene.allCases.map { Case(model: model, scene: $0) }
    }

    @Test(arguments: cases)
    func leavesTheOldOrTheNew(one: Case) throws {
        let model = one.model
        let start = try model.machine(after: one.scene.before)
        let old = try model.plan(start)
        var new = one.scene.after
        // A trial that only a restart asks for is not there after a cut.
        if !model.armsInStorage, new[0] != new[1] { new = [new[1], new[1], new[1]] }
        var seen: Set<Medium> = []
        var count = 0
        try start.forEachCut(of: { try perform(one.scene.call, model, on: $0) }) { state in
            count += 1
            let plan = try model.plan(state.disk)
            #expect(
                state.isComplete ? plan == new : plan == old || plan == new,
                "\(state.call ?? "complete"): \(plan)")
            guard seen.insert(state.disk.live).inserted else { return }
            try recover(state.disk, one)
        }
        #expect(count > 1)
    }

    private func perform(_ call: BootCall, _ model: any BootModel, on disk: CrashingDisk) throws {
        try call.perform(by: model.bootloader(on: disk))
    }

    /// The power comes back, the agent does what it does then, and the power fails again.
    private func recover(_ disk: CrashingDisk, _ one: Case) throws {
        let model = one.model
        let booted = try model.boot(disk, argument: nil)
        let status = try model.bootloader(on: disk).status()
        #expect(status.booted.text == booted)
        let old = try model.plan(disk)
        #expect(status.confirmed.text == old[2])
        let (calls, after) = recovery(one.scene.call, booted: booted, confirmed: old[2])
        var new = after
        if !model.armsInStorage, new[0] != new[1] { new = [new[1], new[1], new[1]] }
        let between = [old[2], old[2], old[2]]
        var seen: Set<Medium> = []
        try disk.forEachCut(of: { again in
            for call in calls { try perform(call, model, on: again) }
        }) { state in
            guard seen.insert(state.disk.live).inserted || state.isComplete else { return }
            let plan = try model.plan(state.disk)
            #expect(
                state.isComplete ? plan == new : [old, between, new].contains(plan),
                "again, \(state.call ?? "complete"): \(plan)")
            _ = try model.boot(state.disk, argument: nil)
            _ = try model.bootloader(on: state.disk).status()
        }
    }

    /// What the agent asks for after a cut in `call`, and the next three starts then.
    private func recovery(
        _ call: BootCall, booted: String, confirmed: String
    ) -> (calls: [BootCall], after: [String]) {
        switch call {
        // The trial has begun, and the image is good.
        case .arm(let slot) where booted == slot, .confirm(let slot) where booted == slot:
            ([.confirm(slot)], [slot, slot, slot])
        // The trial was cut off: once more.
        case .arm(let slot), .confirm(let slot):
            slot == confirmed
                ? ([.confirm(slot)], [slot, slot, slot])
                : ([.disarm, .arm(slot)], [slot, confirmed, confirmed])
        case .disarm: ([.disarm], [confirmed, confirmed, confirmed])
        }
    }
}

/// What the bootloader tells of a trial after a power cut is what happened to it.
@Suite struct TrialTruthTests {
    /// Also after an earlier trial that was spent and then forgotten.
    @Test(arguments: BootCutTests.models.indices, [false, true])
    func aTrialIsSpentOnlyWhenItWas(index: Int, afterAnother: Bool) throws {
        let model = BootCutTests.models[index]
        let b = try slot("b")
        let earlier: [BootStep] = [.call(.arm("b")), .restart, .restart, .call(.disarm)]
        let start = try model.machine(after: afterAnother ? earlier : [])
        try start.forEachCut(of: { try model.bootloader(on: $0).arm(b) }) { state in
            let disk = state.disk
            let before = try model.boot(disk, argument: nil)
            var trial = try model.bootloader(on: disk).status().trial
            guard before == "b" else {
                #expect(trial == .none || trial == .untold(b), "\(state.call ?? ""): \(trial)")
                return
            }
            #expect(trial == .spent(b))
            // The new image says nothing, and the machine comes back.
            #expect(try model.boot(disk, argument: nil) == "a")
            trial = try model.bootloader(on: disk).status().trial
            #expect(trial == .spent(b) || trial == .untold(b), "\(state.call ?? ""): \(trial)")
        }
    }

    static let ends: [([BootStep], BootCall)] = [
        ([.call(.arm("b"))], .disarm), ([.call(.arm("b")), .restart, .restart], .disarm),
        ([.call(.arm("b")), .restart], .confirm("b")),
    ]

    /// What was forgotten, or confirmed, is no trial after a power cut either.
    @Test(arguments: BootCutTests.models.indices, ends.indices)
    func aTrialThatEndedStaysSo(index: Int, end: Int) throws {
        let model = BootCutTests.models[index]
        let (before, call) = Self.ends[end]
        let start = try model.machine(after: before)
        try start.forEachCut(of: { try call.perform(by: model.bootloader(on: $0)) }) { state in
            guard state.isComplete else { return }
            _ = try model.boot(state.disk, argument: nil)
            #expect(try model.bootloader(on: state.disk).status().trial == .none)
        }
    }

    @Test(arguments: BootCutTests.models.indices)
    func tellsTheWholeStory(index: Int) throws {
        let model = BootCutTests.models[index]
        let disk = try model.factory()
        let bootloader = try model.bootloader(on: disk)
        let (a, b) = (try slot("a"), try slot("b"))
        #expect(try bootloader.status().trial == .none)
        try bootloader.arm(b)
        #expect(try bootloader.status().trial == .armed(b))
        #expect(try model.boot(disk, argument: bootloader.rebootArgument) == "b")
        #expect(try bootloader.status().trial == .spent(b))
        #expect(try bootloader.status().confirmed == a)
        // The trial ends in a plain restart.
        #expect(try model.boot(disk, argument: bootloader.rebootArgument) == "a")
        let spent = try bootloader.status().trial
        #expect(spent == (model.armsInStorage ? .spent(b) : .untold(b)))
        try bootloader.disarm()
        #expect(try bootloader.status().trial == .none)
        try bootloader.arm(b)
        #expect(try model.boot(disk, argument: bootloader.rebootArgument) == "b")
        try bootloader.confirm(b)
        let status = try bootloader.status()
        #expect(status.trial == .none)
        #expect(status.confirmed == b)
        #expect(bootloader.rebootArgument == nil)
        #expect(try model.plan(disk) == ["b", "b", "b"])
    }

    @Test(arguments: BootCutTests.models.indices)
    func doesNothingForASlotThatItDoesNotKnow(index: Int) throws {
        let model = BootCutTests.models[index]
        let disk = try model.factory()
        let before = disk.live
        #expect(throws: SlotError.self) { try model.bootloader(on: disk).arm(slot("c")) }
        #expect(throws: SlotError.self) { try model.bootloader(on: disk).confirm(slot("c")) }
        #expect(disk.live == before)
    }
}

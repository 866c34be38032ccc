import Agent
import AgentSupport
import SimulatedDisk
import Testing
import Trust

/// P5: cut the power at any instant of a whole update, and again in the recovery.
///
/// The real agent, store and slots, each real bootloader, and one disk under all of them, on which
/// what is not durable is lost, torn or in another order. The loader is a model that reads bytes.
@Suite struct WholeUpdateCutTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let model: any BootModel
        let conduct: Firmware.Conduct
        var testDescription: String { "\(model), \(conduct)" }
    }

    static let models: [any BootModel] = BootCutTests.models + [SimulatedModel()]
    static let good = models.map { Case(model: $0, conduct: .healthy) }
    static let bad = models.flatMap { model in
        [Case(model: model, conduct: .unhealthy), Case(model: model, conduct: .neverBoots)]
    }

    @Test(arguments: good)
    func aGoodUpdateIsProvenWhereverItIsCut(one: Case) throws {
        let explorer = try explored(one)
        #expect(explorer.firstCuts.count >= 165)
        #expect(Set(explorer.ends.keys) == ["proven"])
        // What nobody can tell from an image that never came up is undone, and tried again.
        #expect(explorer.secondTries > 0 || !one.model.armsInStorage)
    }

    @Test(arguments: bad)
    func aBadUpdateIsUndoneWhereverItIsCut(one: Case) throws {
        let explorer = try explored(one)
        #expect(explorer.firstCuts.count >= 140)
        #expect(Set(explorer.ends.keys) == ["failed"])
    }

    private func explored(_ one: Case) throws -> CutExplorer {
        let explorer = CutExplorer(
            try CutDevice(one.model, one.conduct), .usual(recoveries: 30))
        try explorer.explore()
        // So that nothing can come to be tried in silence.
        #expect(explorer.allStates >= 900)
        #expect(explorer.firstStates >= 95)
        #expect(explorer.secondStates > 0)
        return explorer
    }

    /// The one way to lose a machine is the one that its configuration has accepted by name.
    @Test func onlyTheWriteOfAnEnvironmentWithoutASecondCopyMayDestroyIt() throws {
        let model = UBootModel(copies: 1, acceptsTornCopy: true)
        let explorer = CutExplorer(try CutDevice(model, .healthy), .usual(recoveries: 4))
        try explorer.explore()
        #expect(explorer.tornStates > 0)
        #expect(explorer.firstCuts.count >= 165)
        #expect(Set(explorer.ends.keys) == ["proven"])
    }

    /// Somebody has armed the spare slot by hand: it is forgotten before the slot is written.
    @Test(arguments: models.filter(\.armsInStorage).map { Case(model: $0, conduct: .healthy) })
    func aSlotThatSomebodyArmedIsNeverBootedHalfWritten(one: Case) throws {
        let device = try CutDevice(one.model, one.conduct)
        let moment = CutMoment(disk: try device.factory(), desk: device.desk)
        let machine = CutMachine(device, at: moment)
        try machine.start()
        try one.model.bootloader(on: machine.disk).arm(slot("b"))
        var booted: [String] = []
        machine.onInstant = { words in
            for state in machine.disk.states() {
                let slot = (try? one.model.boot(state, argument: nil)) ?? "nothing"
                let image = device.image(in: slot, of: state.live)?.signed.release
                #expect(image != nil, "slot \(slot), \(words)")
                booted.append(image.map { "\($0)" } ?? "")
            }
        }
        for _ in 0..<100 where !machine.isDone { try machine.step() }
        #expect(machine.isDone)
        #expect(Set(booted) == ["acme-gateway 0.9", "acme-gateway 1.0", "acme-gateway 2.0"])
        #expect(booted.count > 200)
    }
}

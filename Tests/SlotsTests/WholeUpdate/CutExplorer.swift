import Agent
import AgentSupport
import Foundation
import SimulatedDisk
import Testing
import Trust
import Wire

/// How much is tried.
struct CutBounds {
    /// Of the states that one cut may leave, at most so many: the one in which nothing survives that
    /// is not durable, the one in which everything does, and a seeded sample of the others.
    var statesPerCut = Int.max
    /// In the recovery from so many first cuts, a seeded sample, the power is cut again at every
    /// call; `nil` for all.
    var recoveries: Int?
    var seed: UInt64 = 1

    /// Every state of every first cut, and a sample of second ones; all of them with
    /// `SLIPWAY_CUTS=all`, and another sample with another `SLIPWAY_CUT_SEED`.
    static func usual(recoveries: Int) -> CutBounds {
        let environment = ProcessInfo.processInfo.environment
        return CutBounds(
            recoveries: environment["SLIPWAY_CUTS"] == "all" ? nil : recoveries,
            seed: environment["SLIPWAY_CUT_SEED"].flatMap { UInt64($0) } ?? 1)
    }
}

/// Cuts the power at every moment of an update, and at every moment of each recovery.
///
/// What was left is brought to its end; a moment whose future was seen already is not seen again.
/// So a second cut that falls after a recovery has caught up with the first run is a first cut there.
final class CutExplorer {
    let device: CutDevice
    private let bounds: CutBounds
    private var random: Xorshift
    /// Whose future is known to be good.
    private var known: Set<CutKey> = []
    private var queued: Set<CutKey> = []
    private var queue: [CutMoment] = []
    private var problems = 0

    /// The moments of the whole update at which the power was cut, in words.
    private(set) var firstCuts: [String] = []
    /// In how many states all cuts may leave the device, also those with the same future.
    private(set) var allStates = 0
    /// In how many states first cuts left the device, no two with the same future.
    private(set) var firstStates = 0
    /// The same for second cuts.
    private(set) var secondStates = 0
    /// How many states the loader could not boot because the configuration accepts that.
    private(set) var tornStates = 0
    /// How many ends were reached, by the device's last word on its last offer.
    private(set) var ends: [String: Int] = [:]
    /// In how many ends a good image was taken for a bad one first.
    private(set) var secondTries = 0

    init(_ device: CutDevice, _ bounds: CutBounds) {
        self.device = device
        self.bounds = bounds
        random = Xorshift(seed: bounds.seed)
    }

    /// Tries everything within the bounds.
    ///
    /// - Parameter start: What the power comes on to; a device as the factory makes it by default.
    func explore(from start: CrashingDisk? = nil) throws {
        let disk = try start ?? device.factory()
        run(CutMoment(disk: disk, desk: device.desk), isCutAgain: true) {
            self.firstCuts.append($0)
        }
        let first = queue
        firstStates = first.count
        queue = []
        let chosen = Set(
            bounds.recoveries.map { first.indices.shuffled(using: &random).prefix($0) }
                ?? Array(first.indices)[...])
        for (index, moment) in first.enumerated() {
            run(moment, isCutAgain: chosen.contains(index))
        }
        let second = queue
        secondStates = second.count
        for moment in second { run(moment, isCutAgain: false) }
    }

    /// More steps than an update has with three trials are a device that hangs.
    private static let maximumSteps = 150

    private func run(
        _ moment: CutMoment, isCutAgain: Bool, onInstant: @escaping (String) -> Void = { _ in }
    ) {
        // One fault shows in many states; a few of them tell enough.
        guard problems < 5 else { return }
        let machine = CutMachine(device, at: moment)
        if isCutAgain {
            machine.onInstant = { [unowned self, unowned machine] words in
                onInstant(words)
                cut(machine, words, after: moment.cuts)
            }
        }
        do {
            try live(machine)
        } catch is UBootModel.BadChecksum where isAccepted(moment) {
            tornStates += 1
        } catch {
            problems += 1
            Issue.record(
                """
                \(error); cuts: \(moment.cuts); seed \(bounds.seed); \
                phase \(machine.agent?.state.phase.word ?? "none"), heard \(machine.desk.story)
                """)
        }
    }

    private func isAccepted(_ moment: CutMoment) -> Bool {
        guard let model = device.model as? UBootModel, model.acceptsTornCopy else { return false }
        return moment.cuts.last?.hasSuffix(" \(UBootModel.device)") == true
    }

    private func live(_ machine: CutMachine) throws {
        try machine.start()
        var own: Set<CutKey> = []
        for _ in 0..<Self.maximumSteps where !machine.isDone {
            if let key = CutKey(machine) {
                if known.contains(key) { return known.formUnion(own) }
                guard own.insert(key).inserted else {
                    throw CutMachine.Violation(description: "it goes round in a circle")
                }
            }
            try machine.step()
        }
        guard machine.isDone else { throw CutMachine.Violation(description: "it does not end") }
        try machine.checkEnd()
        ends[machine.desk.end?.word ?? "", default: 0] += 1
        if machine.watch.isProven, machine.watch.failures > 0 { secondTries += 1 }
        known.formUnion(own)
    }

    /// Keeps what a cut now may leave.
    private func cut(_ machine: CutMachine, _ words: String, after cuts: [String]) {
        for state in sample(machine.disk.states(seed: bounds.seed)) {
            allStates += 1
            var watch = machine.watch
            watch.isHealthy = false
            if machine.isUntellable(state.live) { watch.untellableCuts += 1 }
            let moment = CutMoment(
                disk: state, desk: machine.desk, watch: watch, now: machine.now,
                cuts: cuts + [words])
            if queued.insert(CutKey(moment)).inserted { queue.append(moment) }
        }
    }

    private func sample(_ states: [CrashingDisk]) -> [CrashingDisk] {
        guard states.count > bounds.statesPerCut, let first = states.first, let last = states.last
        else { return states }
        let others = states.dropFirst().dropLast().shuffled(using: &random)
        return [first, last] + others.prefix(max(0, bounds.statesPerCut - 2))
    }
}

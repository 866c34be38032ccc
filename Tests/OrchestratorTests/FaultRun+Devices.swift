import Model
import OpenSSL
import Orchestrator
import TestSupport
import Wire

/// A device of a fault run, and what it believes.
struct FaultDevice {
    var test: TestDevice
    /// The offer that it works on.
    var held: Offer?
    /// What it ran before it installed that.
    var old: BootReport
    var isInstalled = false

    init(_ test: TestDevice) {
        self.test = test
        old = test.boot
    }

    /// It is on what it ran before, in a boot of its own.
    mutating func goesBack() {
        test.boot = old
        test.boot.bootID = must(BootID("back-\(test.sequence)"))
        isInstalled = false
    }

    mutating func boots(_ offer: Offer, isConfirmed: Bool) {
        if test.boot.sha256 != offer.image.sha256 { old = test.boot }
        if test.boot.sha256 != offer.image.sha256 || !isInstalled { test.boots(offer) }
        test.boot.isConfirmed = isConfirmed
        isInstalled = true
    }

    /// What it makes of the answer.
    mutating func learns(_ directive: Directive, after phase: PhaseReport) {
        switch phase {
        case .proven, .failed: held = nil
        case .idle, .downloading, .waiting, .installed, .trial: break
        }
        switch directive.order {
        case .offer(let offer):
            if held?.nonce != offer.unverified.nonce { isInstalled = false }
            held = offer.unverified
        case .cancel(let nonce): if held?.nonce == nonce, !isInstalled { held = nil }
        case .retire: held = nil
        case nil: break
        }
    }
}

extension FaultRun {
    /// A device does something, mostly one that works on an offer.
    func deviceActs(fault: FaultyStore.Fault?) async throws -> FaultEvent {
        let busy = devices.indices.filter { devices[$0].held != nil }
        let someone = chance(55) ? busy.randomElement(using: &random) : nil
        let index = someone ?? Int.random(in: devices.indices, using: &random)
        guard let offer = devices[index].held else {
            return try await checkIn(index, chance(97) ? .idle : try stranger(index), fault: fault)
        }
        guard let phase = phase(of: index, with: offer) else {
            return happened("\(devices[index].test.id) is silent")
        }
        return try await checkIn(index, phase, fault: fault)
    }

    /// Work on something that nobody offered.
    private func stranger(_ index: Int) throws -> PhaseReport {
        [.proven(must(Nonce("nobody-made-this"))), .installed(must(Nonce("nobody-made-this")))]
            .randomElement(using: &random) ?? .idle
    }

    /// What the device does with its offer and says of it; `nil` for silence.
    private func phase(of index: Int, with offer: Offer) -> PhaseReport? {
        let nonce = offer.nonce
        let isBad =
            hasBadBoard && devices[index].test.attributes["board"] == "C" && chance(95)
            || chance(failurePercent)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<25:
            return .downloading(nonce, bytesDone: 1, bytesTotal: offer.image.length)
        case 25..<32: return .installed(nonce)
        case 32..<37:
            devices[index].boots(offer, isConfirmed: false)
            return .trial(nonce)
        case 37..<78 where !isBad:
            devices[index].boots(offer, isConfirmed: true)
            return chance(80) ? .proven(nonce) : .idle
        case 37..<78:
            let kind = FailureClass.allCases.randomElement(using: &random) ?? .boot
            if chance(60) { devices[index].goesBack() }
            return .failed(nonce, Failure(kind, "it smokes"))
        case 78..<81: return .proven(nonce)
        case 81..<89: return .idle
        case 89..<93:
            devices[index].goesBack()
            return .downloading(nonce, bytesDone: 0, bytesTotal: offer.image.length)
        default: return nil
        }
    }

    func checkIn(
        _ index: Int, _ phase: PhaseReport, fault: FaultyStore.Fault? = nil
    ) async throws -> FaultEvent {
        var device = devices[index]
        defer { devices[index] = device }
        let message = try device.test.message(phase)
        let said = FaultEvent.SaidByDevice(device.test, phase)
        let what = "\(device.test.id) \(said.sequence) says \(phase.clause) in \(said.boot.clause)"
        let answer: [UInt8]
        do { answer = try await orchestrator.checkIn(message.bytes) } catch {
            var event = refused("\(what), and that fails", error, fault)
            guard case .store = error, fault != nil else { throw BrokenPromise(event.what) }
            event.checkIn = said
            return event
        }
        if chance(10) { sent.append(message.bytes) }
        let directive = try SignedMessage<Directive>(parsing: answer, limitBytes: 65_536)
            .unverified
        // An answer may get lost on the way.
        if chance(95) { device.learns(directive, after: phase) }
        return happened("\(what): \(directive.order?.word ?? "wait")") {
            $0.checkIn = said
            $0.directive = directive
        }
    }

    // MARK: What operators and owners do to devices

    func changeDevice(fault: FaultyStore.Fault?) async throws -> FaultEvent {
        let busy = devices.filter { $0.held != nil }
        let device = (chance(60) ? busy : devices).randomElement(using: &random)
        guard let id = device?.test.id else { return happened("nothing") }
        let change: Orchestrator.DeviceChange =
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<5: .hold(reason: "lab")
            case 5..<13: .resume
            case 13..<15: .pin(must(ReleaseID("acme 3.0.0")))
            case 15..<19: .unpin
            default: .retire(demandsWipe: Bool.random(using: &random))
            }
        do {
            _ = try await orchestrator.change(id, change, by: World.author)
            return happened("\(id): \(change)") { $0.changed = id }
        } catch { return refused("\(id): no \(change)", error, fault) }
    }

    func changeAttributes() -> FaultEvent {
        let index = Int.random(in: devices.indices, using: &random)
        do {
            devices[index].test.attributes = try FaultPlans.attributes(
                chance(50) ? index : Int.random(in: devices.indices, using: &random), &random)
        } catch { preconditionFailure("the attributes are good: \(error)") }
        return happened("\(devices[index].test.id) has other attributes")
    }
}

extension Directive.Order {
    fileprivate var word: String {
        switch self {
        case .offer(let offer): "offer \(offer.unverified.nonce) of \(offer.unverified.rollout)"
        case .cancel(let nonce): "cancel \(nonce)"
        case .retire: "retire"
        }
    }
}

extension PhaseReport {
    fileprivate var clause: String { word + (nonce.map { " \($0)" } ?? "") }
}

extension BootReport {
    fileprivate var clause: String {
        "\(bootID) of \(release.map { "\($0.version)" } ?? "?")\(isConfirmed ? "" : " on trial")"
    }
}

import Agent
import AgentSupport
import Model
import OpenSSL
import Testing
import Trust
import Wire

/// The transition function as a table: what is not in it changes nothing.
@Suite struct AgentPhaseTests {
    struct Pair: Hashable, CustomTestStringConvertible {
        let phase: String
        let event: String
        var testDescription: String { "\(phase), \(event)" }
    }

    /// Every phase and stage, and every event, by a name that the table uses.
    struct Cast {
        let job: AgentPhase.Job
        let renewed: AgentPhase.Job
        let other: AgentPhase.Job
        let phases: [String: AgentPhase]
        let events: [String: AgentEvent]
        let compressed: Payload

        static let smoke = Failure(.health, "it smokes")

        init() throws {
            let firmware = try Firmware("acme-gateway 2.0")
            compressed = Payload(
                format: .zstd, installedLength: 99, installedSHA256: firmware.digest)
            let a = try slot("a")
            let b = try slot("b")
            job = AgentPhase.Job(offer: try sign(offer(firmware), by: key(5)), slot: b)
            renewed = AgentPhase.Job(
                offer: try sign(offer(firmware, expires: later), by: key(5)), slot: b)
            other = AgentPhase.Job(
                offer: try sign(offer(firmware, nonce: "n2"), by: key(5)), slot: b)
            phases = [
                "idle": .idle, "offered": .offered(job),
                "downloading": .downloading(job, durableBytes: 1000), "verifying": .verifying(job),
                "installed": .installed(job), "armed": .trial(job, .armed),
                "begun": .trial(job, .begun), "passed": .trial(job, .passed),
                "cut off": .trial(job, .cutOff), "confirming": .confirming(job),
                "proven": .proven(job), "rolling back": .rollingBack(job, Self.smoke),
                "failed": .failed(job, Self.smoke),
            ]
            let bootID = try #require(BootID("boot-1"))
            func started(
                _ booted: SlotName, _ confirmed: SlotName, _ trial: BootStatus.Trial
            ) -> AgentEvent {
                .started(
                    BootStatus(booted: booted, bootID: bootID, confirmed: confirmed, trial: trial))
            }
            func answered(_ order: Directive.Order?) throws -> AgentEvent {
                .answered(
                    Directive(
                        device: try device("device-1"), answers: 1, checkInAfterSeconds: 60,
                        order: order), spare: b)
            }
            events = [
                "boots old": started(a, a, .none), "boots old, armed": started(a, a, .armed(b)),
                "boots old, spent": started(a, a, .spent(b)),
                "boots old, untold": started(a, a, .untold(b)),
                "boots new on trial": started(b, a, .spent(b)),
                "boots new for good": started(b, b, .none),
                "no order": try answered(nil), "same offer": try answered(.offer(renewed.offer)),
                "other offer": try answered(.offer(other.offer)),
                "cancel": try answered(.cancel(job.nonce)),
                "cancel other": try answered(.cancel(other.nonce)),
                "retire": try answered(.retire(wipe: false)), "no answer": .unanswered,
                "authorized": .authorized(counter: 3, compressed),
                "downloaded": .downloaded(durableBytes: 2000),
                "complete": .downloadComplete(compressed), "restart": .downloadMustRestart,
                "read back": .readBack, "consented": .consented(trialSeconds: 90),
                "carried": .carried(other.offer, bundle: "/media/a.slip", spare: b),
                "healthy": .healthy, "cleared": .trialCleared,
                "confirmed": .confirmed, "gave up": .gaveUp(Self.smoke),
            ]
        }

        var cutOff: AgentPhase {
            var job = job
            job.cutTrials = 1
            return .trial(job, .cutOff)
        }

        /// What changes something.
        var table: [Pair: AgentPhase] {
            get throws {
                var table: [Pair: AgentPhase] = [:]
                for (event, rows) in try rows {
                    for (phase, result) in rows {
                        table[Pair(phase: phase, event: event)] = result
                    }
                }
                return table
            }
        }

        private var rows: [String: [String: AgentPhase]] {
            get throws {
                let failed = AgentPhase.failed(job, Self.smoke)
                let left = AgentPhase.failed(
                    job, Failure(.boot, "the machine left the image that was proven"))
                let back: [String: AgentPhase] = [
                    "begun": cutOff, "passed": cutOff, "confirming": cutOff, "proven": left,
                    "rolling back": failed,
                ]
                let dead = AgentPhase.failed(
                    job,
                    Failure(.boot, "the new image did not come up; the bootloader went back"))
                let begun = AgentPhase.trial(job, .begun)
                let onNew: [String: AgentPhase] = [
                    "armed": begun, "passed": begun, "cut off": begun,
                ]
                let acknowledged: [String: AgentPhase] = [
                    "passed": .confirming(job), "proven": .idle, "failed": .idle,
                ]
                var told = job
                told.payload = compressed
                var authorized = told
                authorized.counter = 3
                var consented = job
                consented.trialSeconds = 90
                var untold = job
                untold.cutTrials = 1
                let carried = AgentPhase.Job(
                    offer: other.offer, slot: job.slot, bundle: "/media/a.slip")
                let dropped: [String: AgentPhase] = [
                    "offered": .idle, "downloading": .idle, "verifying": .idle, "installed": .idle,
                ]
                return [
                    "boots old": back, "boots old, armed": back,
                    "boots old, spent": back.merging(["armed": dead]) { $1 },
                    "boots old, untold": back.merging(["armed": .trial(untold, .cutOff)]) { $1 },
                    "boots new on trial": onNew.merging(occupied(confirmed: "a")) { $1 },
                    "boots new for good": onNew.merging(occupied(confirmed: "b")) { $1 }
                        .merging(["rolling back": failed]) { $1 },
                    "no order": acknowledged, "cancel other": acknowledged,
                    "cancel": acknowledged.merging(dropped) { $1 },
                    "retire": acknowledged.merging(dropped) { $1 },
                    "same offer": renewals, "other offer": replacements,
                    "authorized": ["offered": .downloading(authorized, durableBytes: 0)],
                    "downloaded": ["downloading": .downloading(job, durableBytes: 2000)],
                    "complete": ["downloading": .verifying(told)],
                    "restart": ["downloading": .downloading(job, durableBytes: 0)],
                    "read back": ["verifying": .installed(job)],
                    "consented": ["installed": .trial(consented, .armed)],
                    "carried": ["idle": .offered(carried), "failed": .offered(carried)],
                    "healthy": ["begun": .trial(job, .passed)],
                    "cleared": ["cut off": .trial(job, .armed)],
                    "confirmed": ["confirming": .proven(job)],
                    "gave up": givenUp,
                ]
            }
        }

        private func occupied(confirmed: String) -> [String: AgentPhase] {
            let failure = Failure(
                .install, "slot b is not spare: slot b runs, and slot \(confirmed) is confirmed")
            let phases = ["offered", "downloading", "verifying", "installed"]
            return Dictionary(uniqueKeysWithValues: phases.map { ($0, .failed(job, failure)) })
        }

        private var renewals: [String: AgentPhase] {
            [
                "idle": .offered(renewed), "offered": .offered(renewed),
                "downloading": .downloading(renewed, durableBytes: 1000),
                "verifying": .verifying(renewed), "installed": .installed(renewed),
                "passed": .confirming(job), "proven": .offered(renewed),
                "failed": .offered(renewed),
            ]
        }

        private var replacements: [String: AgentPhase] {
            let phases = [
                "idle", "offered", "downloading", "verifying", "installed", "proven", "failed",
            ]
            let rows = phases.map { ($0, AgentPhase.offered(other)) }
            return Dictionary(uniqueKeysWithValues: rows + [("passed", .confirming(job))])
        }

        private var givenUp: [String: AgentPhase] {
            let failed = ["offered", "downloading", "verifying", "installed", "armed", "cut off"]
                .map { ($0, AgentPhase.failed(job, Self.smoke)) }
            let rolling = ["begun", "passed", "confirming"]
                .map { ($0, AgentPhase.rollingBack(job, Self.smoke)) }
            return Dictionary(uniqueKeysWithValues: failed + rolling)
        }
    }

    static func names(_ choose: (Cast) -> [String]) -> [String] {
        (try? Cast()).map { choose($0).sorted() } ?? []
    }

    @Test(
        arguments: names { Array($0.phases.keys) }, names { Array($0.events.keys) })
    func follows(phase: String, event: String) throws {
        let cast = try Cast()
        let before = try #require(cast.phases[phase])
        let table = try cast.table
        let after = before.after(try #require(cast.events[event]))
        #expect(after == table[Pair(phase: phase, event: event)] ?? before)
    }

    @Test func theTableNamesOnlyWhatExists() throws {
        let cast = try Cast()
        #expect(cast.phases.count == 13)
        #expect(cast.events.count == 24)
        for pair in try cast.table.keys {
            #expect(cast.phases[pair.phase] != nil, "\(pair)")
            #expect(cast.events[pair.event] != nil, "\(pair)")
        }
    }

    @Test(arguments: ["begun", "passed", "confirming"])
    func theLastCutTrialFails(phase: String) throws {
        let cast = try Cast()
        var job = cast.job
        job.cutTrials = AgentPhase.maximumCutTrials - 1
        let phases: [String: AgentPhase] = [
            "begun": .trial(job, .begun), "passed": .trial(job, .passed),
            "confirming": .confirming(job),
        ]
        let after = try #require(phases[phase]).after(
            try #require(cast.events["boots old, spent"]))
        guard case .failed(_, let failure) = after else {
            Issue.record("it became \(after)")
            return
        }
        #expect(failure.kind == .boot)
        #expect(failure.detail.hasSuffix(", 3 times"))
    }

    /// A stolen offer key must not change what was compared with the signed metadata.
    @Test(arguments: ["release", "image", "device"])
    func aRenewalThatChangesTheOfferIsAnotherOffer(change: String) throws {
        let cast = try Cast()
        let firmware = try Firmware("acme-gateway 2.0")
        let new: Offer =
            switch change {
            case "release": try offer(firmware, release: release("acme-gateway 99.0"))
            case "image": try offer(firmware, image: Firmware("acme-gateway 3.0").signed.image)
            default: try offer(firmware, device: "device-2")
            }
        let signed = try sign(new, by: key(5))
        let answer = Directive(
            device: try device("device-1"), answers: 1, checkInAfterSeconds: 1,
            order: .offer(signed))
        for phase in ["offered", "downloading", "verifying", "installed"] {
            let before = try #require(cast.phases[phase])
            let after = before.after(.answered(answer, spare: try slot("b")))
            #expect(
                after == .offered(AgentPhase.Job(offer: signed, slot: try slot("b"))),
                "\(phase)")
        }
    }

    @Test func everyPhaseAsksForOneThing() throws {
        let cast = try Cast()
        let job = cast.job
        let intents: [String: AgentIntent] = [
            "idle": .checkIn(.idle), "offered": .authorize(job),
            "downloading": .download(job, from: 1000), "verifying": .readBack(job),
            "installed": .beginTrial(job), "armed": .bootTrial(job),
            "begun": .checkHealth(job), "passed": .checkIn(.trial(job.nonce)),
            "cut off": .clearTrial, "confirming": .confirm(job),
            "proven": .checkIn(.proven(job.nonce)), "rolling back": .returnToConfirmed,
            "failed": .reportFailure(job, Cast.smoke),
        ]
        for (name, phase) in cast.phases { #expect(phase.intent == intents[name], "\(name)") }
    }
}

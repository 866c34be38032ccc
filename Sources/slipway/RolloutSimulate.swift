internal import ArgumentParser
import Foundation
internal import JSON
internal import Model
internal import Rollouts

extension RolloutCommand {
    struct Simulate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Play a rollout against a fleet, without a server.",
            discussion: """
                Tells how long it takes, how many devices a fault harms before the gate stops it, \
                how often the gate errs, and which kinds of devices it pauses where only they \
                fail. Retries, classes of failures and silence count as they do on a server. \
                Without --fleet, devices are invented with the attributes that --attribute names.
                """)

        @Argument(help: "The rollout file (YAML).") var file: String
        @Option(help: "How many devices to invent.") var devices: Int?
        @Option(help: "A fleet as CSV: id,hardware,release and a column for each attribute.")
        var fleet: String?
        @Option(help: "An attribute of invented devices: board_revision=A:3,B:2,C:1.")
        var attribute: [String] = []
        @Option(help: "The hardware of invented devices.") var hardware = "device"
        @Option(help: "How many of the devices the release fails on.") var failureRate = "0%"
        @Option(help: "The same for one value of an attribute: board_revision=C:100%.")
        var stratum: [String] = []
        @Option(help: "Of how many failing devices nothing is heard again.")
        var silentFailures = "0%"
        @Option(help: "How many downloads fail; each try of the file's retries has a new chance.")
        var downloadFailures = "0%"
        @Option(help: "How many devices are offline at any moment.") var offline = "0%"
        @Option(help: "How long they are offline at least.") var offlineSpell = "6h"
        @Option(help: "What half of the devices reach: 500kB/s, 2MB/s.") var speed = "2MB/s"
        @Option(help: "The length of the image in bytes.") var imageBytes: Int64 = 100_000_000
        @Option(help: "How often devices check in.") var checkIn = "5m"
        @Option(help: "How often to play.") var runs = 100
        @Option(help: "The same seed gives the same answer.") var seed: UInt64 = 1
        @Option(help: "Where to write the charts.") var svg: String?
        @Flag(help: "Look for waves that meet --deadline and harm the fewest devices.")
        var suggest = false
        @Option(help: "When the rollout has to be complete: 3d.") var deadline: String?
        @Option(help: "For --suggest, the chance that the release is faulty.")
        var faultProbability = "5%"
        @Option(help: "For --suggest, how often a faulty release fails.") var faultRate = "10%"
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (devices == nil) != (fleet == nil) else {
                throw ValidationError("name --devices N or --fleet FILE")
            }
            guard suggest == (deadline != nil) else {
                throw ValidationError("--suggest and --deadline belong together")
            }
            guard (1...SimulatedFleet.maximumCount).contains(devices ?? 1) else {
                throw ValidationError("--devices takes 1 to \(SimulatedFleet.maximumCount)")
            }
            guard (1...100_000).contains(runs) else {
                throw ValidationError("--runs takes 1 to 100000")
            }
            guard imageBytes > 0 else { throw ValidationError("--image-bytes takes at least 1") }
            guard try behaviour().isSound else {
                throw ValidationError(
                    "--check-in takes at most 1d, and --offline-spell 1m to 366d")
            }
            _ = try (question(), attributes())
        }

        func run() throws {
            let file = try RolloutFileReader.read(file, cohorts: .refused)
            let world = SimulatedWorld(
                fleet: try devicesToPlay(for: file),
                start: Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970)),
                imageBytes: imageBytes)
            if let question = try question() {
                return show(try world.suggestions(for: file, question, behaviour(), seed: seed))
            }
            let simulation = try world.simulation(of: RolloutSpec(file))
            let allowed = simulation.plan.spec.gate.maxFailureRate
            let faults = [allowed / 2, allowed, 2 * allowed, 5 * allowed].filter { $0 <= 1 }
            guard
                let effort = SimulationReport.Effort(
                    runs: runs, faultRates: faults, runsPerFault: max(1, runs / 2))
            else { throw ValidationError("--runs takes 1 to 100000") }
            let report = SimulationReport(
                of: simulation, try behaviour(), effort: effort, seed: seed)
            if let svg { try write(report.svg, to: svg) }
            if output.json { Output.json(report.json) } else { say(report.table) }
        }
    }
}

// MARK: what the options mean

extension RolloutCommand.Simulate {
    private func behaviour() throws -> FleetBehaviour {
        var behaviour = FleetBehaviour()
        behaviour.failureRate = try Self.share(failureRate, "--failure-rate")
        behaviour.silentFailureShare = try Self.share(silentFailures, "--silent-failures")
        behaviour.downloadFailureRate = try Self.share(downloadFailures, "--download-failures")
        behaviour.offlineShare = try Self.share(offline, "--offline")
        behaviour.offlineSpellSeconds =
            try Self.duration(offlineSpell, "--offline-spell").components.seconds
        guard let speed = Self.bytesPerSecond(speed) else {
            throw ValidationError("--speed takes such as 500kB/s or 2MB/s")
        }
        behaviour.medianBytesPerSecond = speed
        behaviour.checkInSeconds = try Self.duration(checkIn, "--check-in").components.seconds
        for text in stratum {
            guard let equals = text.firstIndex(of: "="), let colon = text.lastIndex(of: ":"),
                equals < colon, Attributes.isName(String(text[..<equals]))
            else { throw ValidationError("--stratum takes such as board_revision=C:100%") }
            let stratum = Stratum(
                attribute: String(text[..<equals]),
                value: String(text[text.index(after: equals)..<colon]))
            behaviour.stratumFailureRates[stratum] = try Self.share(
                String(text[text.index(after: colon)...]), "--stratum")
        }
        return behaviour
    }

    private func attributes() throws -> [InventedAttribute] {
        try attribute.map { text in
            let parts = text.split(separator: "=", maxSplits: 1)
            let values = parts.count == 2 ? parts[1].split(separator: ",") : []
            let shares = values.compactMap { value -> (value: String, share: Double)? in
                guard let colon = value.lastIndex(of: ":"),
                    let share = Double(value[value.index(after: colon)...])
                else { return nil }
                return (String(value[..<colon]), share)
            }
            guard shares.count == values.count,
                let attribute = InventedAttribute(String(parts.first ?? ""), values: shares)
            else { throw ValidationError("--attribute takes such as board_revision=A:3,B:1") }
            return attribute
        }
    }

    private func question() throws -> SimulationSuggestion.Question? {
        guard let deadline else { return nil }
        return SimulationSuggestion.Question(
            deadline: try Self.duration(deadline, "--deadline"),
            faultProbability: try Self.share(faultProbability, "--fault-probability"),
            faultRate: try Self.share(faultRate, "--fault-rate"),
            runsPerCandidate: 2, finalists: 5, runsPerFinalist: min(runs, 20))
    }

    private func devicesToPlay(for file: RolloutFile) throws -> SimulatedFleet {
        if let fleet {
            guard let data = FileManager.default.contents(atPath: fleet) else {
                throw SlipwayError.missing(path: fleet)
            }
            guard data.count <= FleetTable.maximumByteCount else {
                throw SlipwayError.badInput(path: fleet, problem: "longer than a fleet may be")
            }
            do { return try FleetTable.read(String(decoding: data, as: UTF8.self)) } catch {
                throw SlipwayError.badInput(path: fleet, problem: "\(error)")
            }
        }
        guard let hardware = HardwareModel(hardware) else {
            throw ValidationError("--hardware takes a name")
        }
        var random = SeededGenerator(seed: seed)
        return SimulatedFleet(
            inventing: devices ?? 0, hardware: hardware, release: nil,
            attributes: try attributes(), using: &random)
    }

    private static func share(_ text: String, _ option: String) throws -> Double {
        if text == "0" || text == "0%" { return 0 }
        guard let percentage = Percentage(text) else {
            throw ValidationError("\(option) takes 0% to 100%")
        }
        return Double(percentage.millionths) / 1_000_000
    }

    private static func duration(_ text: String, _ option: String) throws -> Duration {
        guard let duration = DurationText.parse(text), duration > .zero else {
            throw ValidationError("\(option) takes such as 90s, 30m, 24h or 3d")
        }
        return duration
    }

    private static func bytesPerSecond(_ text: String) -> Double? {
        let units: [(word: String, bytes: Double)] = [("GB/s", 1e9), ("MB/s", 1e6), ("kB/s", 1e3)]
        guard let unit = units.first(where: { text.hasSuffix($0.word) }),
            let count = Double(text.dropLast(unit.word.count)), count > 0, count <= 1e6
        else { return nil }
        return count * unit.bytes
    }
}

// MARK: what is printed

extension RolloutCommand.Simulate {
    private func show(_ suggestions: [SimulationSuggestion]) {
        if output.json {
            Output.json(["suggestions": .array(suggestions.map { .object($0.json) })])
        } else if suggestions.isEmpty {
            say("no plan that was tried finishes in time; allow more time or looser limits")
        } else {
            Output.table(
                ["WAVES", "FINISH (P90)", "HARMED", "CAUGHT"],
                suggestions.map { suggestion in
                    [
                        suggestion.waves.map(\.summary).joined(separator: ", "),
                        DurationText.write(suggestion.finish),
                        String(format: "%.1f", suggestion.expectedHarmed),
                        String(format: "%.0f%%", 100 * suggestion.caught),
                    ]
                })
        }
    }

    private func write(_ text: String, to path: String) throws {
        do { try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
            throw SlipwayError.cannotCreate(
                path: path, problem: error.localizedDescription)
        }
    }
}

extension RolloutFile.Wave {
    fileprivate var summary: String {
        "\(sample.map(String.init) ?? percent ?? name) soak \(soak ?? "0s")"
    }
}

extension SimulationSuggestion {
    fileprivate var json: JSONObject {
        [
            "waves": .array(waves.map { .string($0.summary) }),
            "finish_p90_seconds": .integer(finish.components.seconds),
            "expected_harmed_thousandths": .integer(Int64(expectedHarmed * 1000)),
            "caught_millionths": .integer(Int64(caught * 1e6)),
        ]
    }
}

extension SimulationReport {
    /// Shares are in millionths, because our JSON has whole numbers only.
    fileprivate var json: JSONObject {
        [
            "rollout": .string(title), "devices": .integer(Int64(candidateCount)),
            "runs": .integer(Int64(runCount)), "completed": .integer(Int64(finishes.count)),
            "stopped": .integer(Int64(stoppedCount)), "expired": .integer(Int64(expiredCount)),
            "finish_seconds": .object(Self.quantiles(finishes.map(\.components.seconds))),
            "harmed": .object(Self.quantiles(harmed.map(Int64.init))),
            "paused_strata": .array(
                strata.map { paused in
                    [
                        "attribute": .string(paused.stratum.attribute),
                        "value": .string(paused.stratum.value),
                        "runs": .integer(Int64(paused.runCount)),
                    ]
                }),
            "waves": .array(
                waves.map { wave in
                    [
                        "name": .string(wave.name), "stopped": .integer(Int64(wave.stoppedCount)),
                        "passed_seconds": .object(
                            Self.quantiles(wave.passes.map(\.components.seconds))),
                    ]
                }),
            "faults": .array(
                faults.map { fault in
                    [
                        "failure_rate_millionths": .integer(Int64(fault.failureRate * 1e6)),
                        "acceptable": .bool(fault.isAcceptable),
                        "runs": .integer(Int64(fault.runCount)),
                        "stopped": .integer(Int64(fault.stoppedCount)),
                    ]
                }),
        ]
    }

    private static func quantiles(_ sorted: [Int64]) -> JSONObject {
        let shares = [("p10", 0.1), ("p50", 0.5), ("p90", 0.9), ("max", 1.0)]
        return JSONObject(
            shares.map { name, share in
                (name, Quantile.of(sorted, share).map { .integer($0) } ?? .null)
            })
    }
}

/// What a simulation takes the place of: the fleet, the images and the server's orders of devices.
private struct SimulatedWorld {
    let fleet: SimulatedFleet
    let start: Instant
    let imageBytes: Int64

    func simulation(of spec: RolloutSpec) throws(SlipwayError) -> RolloutSimulation {
        guard let digest = Digest(bytes: Array(repeating: 0, count: 32)) else {
            preconditionFailure("32 bytes are a digest")
        }
        let image = PlannedImage(
            sha256: digest, length: imageBytes, version: spec.release.version, from: [],
            mayDowngrade: false)
        let models = Set(fleet.devices.map(\.hardware))
        do {
            return try RolloutSimulation(
                of: spec, on: fleet,
                images: Dictionary(uniqueKeysWithValues: models.map { ($0, image) }),
                start: start, zones: LocalTimeZones(), approvalAfter: .zero,
                bucket: { SimulatedFleet.bucket(of: $0, salt: 1) },
                place: { SimulatedFleet.bucket(of: $0, salt: 2) })
        } catch { throw .refused("\(error)") }
    }

    func suggestions(
        for file: RolloutFile, _ question: SimulationSuggestion.Question,
        _ behaviour: FleetBehaviour, seed: UInt64
    ) -> [SimulationSuggestion] {
        SimulationSuggestion.best(for: file, question, behaviour: behaviour, seed: seed) {
            try? simulation(of: $0)
        }
    }
}

/// The time zones that the operating system knows; the server's own stand beside its database.
private struct LocalTimeZones: TimeZones {
    func secondsFromUTC(in zone: String, at instant: Instant) -> Int? {
        TimeZone(identifier: zone)?.secondsFromGMT(
            for: Date(timeIntervalSince1970: TimeInterval(instant.secondsSinceEpoch)))
    }
}

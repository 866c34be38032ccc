internal import Model
internal import Orchestrator
internal import Rollouts
internal import Telemetry

/// The state of the fleet as metrics.
///
/// No device has a label. Rollouts have one while they are under way, at most
/// ``FleetState/maximumRolloutCount`` of them; leases of all others are added up as `other`.
enum FleetMetrics {
    static func families(_ state: FleetState, _ metadata: [MetadataStanding]) -> [MetricFamily] {
        devices(state) + rollouts(state) + waves(state) + gates(state) + webHooks(state.webHooks)
            + repository(state, metadata)
    }

    private static func gauge(_ name: String, _ help: String, _ labels: String...)
        -> MetricDescription
    {
        MetricDescription("slipway_\(name)", .gauge, help, labels: labels)
    }

    private static func sample(_ number: some BinaryInteger, _ labels: String...)
        -> MetricFamily.Sample
    {
        MetricFamily.Sample(labels, .number(Double(number)))
    }

    // MARK: Devices

    private static func devices(_ state: FleetState) -> [MetricFamily] {
        let devices = state.devices
        var leases: [String: Int] = [Labelled<Gauge>.other: 0]
        let named = Set(state.rollouts.map(\.name))
        for rollout in state.rollouts { leases[rollout.name.text, default: 0] += 0 }
        for (rollout, count) in state.leases.open {
            let label = named.contains(rollout) ? rollout.text : Labelled<Gauge>.other
            leases[label, default: 0] += count
        }
        return [
            MetricFamily(
                gauge("devices", "Devices by lifecycle.", "lifecycle"),
                DeviceRecord.Lifecycle.allCases.map {
                    sample(devices.counts[$0] ?? 0, $0.rawValue)
                }),
            MetricFamily(
                gauge(
                    "devices_overdue",
                    "Active devices not heard of for three times the pause between check-ins."),
                Double(devices.overdue)),
            MetricFamily(
                gauge("devices_held", "Active devices that an operator holds."),
                Double(devices.held)),
            MetricFamily(
                gauge(
                    "devices_quarantined",
                    "Active devices that get no offers because they kept failing."),
                Double(devices.quarantined)),
            MetricFamily(
                gauge(
                    "devices_asking_for_key",
                    "Active devices for which another key was shown; an operator has to decide."),
                Double(devices.askingForKey)),
            MetricFamily(
                gauge(
                    "leases_open", "Devices that hold an offer, by rollout under way.", "rollout"),
                leases.sorted { $0.key < $1.key }.map { sample($0.value, $0.key) }),
            MetricFamily(
                gauge("leases_lapsed", "Leases that ran out and that no step has ended yet."),
                Double(state.leases.lapsed)),
        ]
    }

    // MARK: Rollouts

    private static let pauseReasons = ["operator", "failures", "class", "check"]

    private static func rollouts(_ state: FleetState) -> [MetricFamily] {
        [
            MetricFamily(
                gauge("rollouts", "Rollouts by state, ended ones included.", "state"),
                FleetState.states.map { sample(state.rolloutCounts[$0] ?? 0, $0) }),
            MetricFamily(
                gauge(
                    "rollout_state", "1 for the state that the rollout is in, else 0.", "rollout",
                    "state"),
                state.rollouts.flatMap { rollout in
                    FleetState.states.map { word in
                        sample(rollout.state == word ? 1 : 0, rollout.name.text, word)
                    }
                }),
            MetricFamily(
                gauge(
                    "rollout_paused",
                    "1 for why the rollout is paused, else 0; all but operator are the gate's.",
                    "rollout", "reason"),
                state.rollouts.flatMap { rollout in
                    pauseReasons.map { word in
                        sample(rollout.pauseReason == word ? 1 : 0, rollout.name.text, word)
                    }
                }),
            MetricFamily(
                gauge(
                    "rollout_lacks_approval",
                    "1 while the open wave waits for an approval, else 0.", "rollout"),
                state.rollouts.map { sample($0.lacksApproval ? 1 : 0, $0.name.text) }),
        ]
    }

    // MARK: Waves

    private static func waves(_ state: FleetState) -> [MetricFamily] {
        [
            MetricFamily(
                gauge(
                    "rollout_wave", "The open wave, counted from 1; 0 when none is.", "rollout"),
                state.rollouts.map { sample(($0.wave ?? -1) + 1, $0.name.text) }),
            MetricFamily(
                gauge(
                    "rollout_wave_opened_timestamp_seconds",
                    "When the open wave of a running rollout opened.", "rollout"),
                state.rollouts.compactMap { rollout in
                    rollout.opened.map { sample($0.secondsSinceEpoch, rollout.name.text) }
                }),
            MetricFamily(
                gauge(
                    "rollout_wave_soaked_timestamp_seconds",
                    "When the open wave of a running rollout has soaked.", "rollout"),
                state.rollouts.compactMap { rollout in
                    rollout.soaked.map { sample($0.secondsSinceEpoch, rollout.name.text) }
                }),
            MetricFamily(
                gauge(
                    "wave_devices",
                    "Devices of each wave and no earlier one: planned (but for those that left the"
                        + " fleet), and how they stand by their newest try.", "rollout", "wave",
                    "standing"),
                state.rollouts.flatMap(standings)),
        ]
    }

    private static func standings(of rollout: RolloutStanding) -> [MetricFamily.Sample] {
        var before = 0
        return rollout.waves.flatMap { wave in
            let name = rollout.name.text
            let number = "\(wave.wave + 1)"
            defer { before = wave.planned }
            return [
                sample(max(0, wave.planned - before), name, number, "planned"),
                sample(wave.tally.open, name, number, "open"),
                sample(wave.tally.proven, name, number, "proven"),
                sample(wave.tally.failures.total, name, number, "failed"),
                sample(wave.tally.retrying, name, number, "retrying"),
            ]
        }
    }

    // MARK: Web hooks

    private static func webHooks(_ hooks: WebHookCensus) -> [MetricFamily] {
        [
            MetricFamily(
                gauge("webhooks", "Web hooks that are told of events."), Double(hooks.count)),
            MetricFamily(
                gauge(
                    "webhooks_failing",
                    "Web hooks whose address did not take the newest delivery."),
                Double(hooks.failing)),
            MetricFamily(
                gauge(
                    "webhook_events_waiting",
                    "Events that wait for a web hook; of each, those among the 10,000 events that"
                        + " follow what it was told last."),
                Double(hooks.waiting)),
            MetricFamily(
                gauge(
                    "webhook_dead_letters",
                    "Events that were given up and wait for somebody to ask for them."),
                Double(hooks.deadLetters)),
        ]
    }

    // MARK: Gates

    private static func gates(_ state: FleetState) -> [MetricFamily] {
        let gates = state.rollouts.compactMap { rollout in
            rollout.evidence.map { (rollout.name.text, $0) }
        }
        return [
            MetricFamily(
                gauge(
                    "gate_devices", "Devices that the gate counts: not those forgiven.",
                    "rollout", "standing"),
                gates.flatMap { name, evidence in
                    [
                        sample(evidence.proven, name, "proven"),
                        sample(evidence.failed, name, "failed"),
                    ]
                }),
            MetricFamily(
                gauge(
                    "gate_evidence_log10",
                    "How many times likelier the reports are under a harmful or a healthy release,"
                        + " as a power of ten.", "rollout", "side"),
                gates.flatMap { name, evidence in
                    [
                        power(evidence.harm, name, "harm"), power(evidence.health, name, "health"),
                    ]
                }),
            MetricFamily(
                gauge(
                    "gate_evidence_needed_log10",
                    "At which evidence of harm the gate stops, as a power of ten.", "rollout"),
                gates.map { name, evidence in power(evidence.sufficient, name) }),
        ]
    }

    /// - Parameter logarithm: Natural.
    private static func power(_ logarithm: Double, _ labels: String...) -> MetricFamily.Sample {
        MetricFamily.Sample(labels, .number(logarithm / 2.302_585_092_994_045_7))
    }

    // MARK: The repository

    private static func repository(
        _ state: FleetState, _ metadata: [MetadataStanding]
    ) -> [MetricFamily] {
        [
            MetricFamily(
                gauge(
                    "metadata_expiry_timestamp_seconds",
                    "When metadata stops being valid; of delegated roles, the first.", "role"),
                metadata.map { sample($0.expires.secondsSinceEpoch, $0.role) }),
            MetricFamily(
                gauge("metadata_version", "The version of the metadata.", "role"),
                metadata.map { sample($0.version, $0.role) }),
            MetricFamily(
                gauge("releases", "Releases that are published."), Double(state.releaseCount)),
            MetricFamily(gauge("images", "Images that are published."), Double(state.imageCount)),
            MetricFamily(
                gauge(
                    "heartbeat_timestamp_seconds",
                    "When any server of the fleet last noted that it was there."),
                state.heartbeat.map { [sample($0.secondsSinceEpoch)] } ?? []),
        ]
    }
}

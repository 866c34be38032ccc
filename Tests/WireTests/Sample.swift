import JSON
import Model
import OpenSSL
import Testing
import Wire

/// One message of each kind, with every member present, and what is known of its members.
struct Sample: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let json: JSONObject
    /// Paths of members that may be absent.
    let optional: Set<String>
    /// Reads bytes as a message of this kind and says how it would be written again.
    let rewrite: @Sendable ([UInt8]) throws(WireError) -> JSONObject
    /// Whether the message comes back from its own bytes.
    let comesBack: Bool

    init<Message: WireMessage>(
        _ description: String, _ message: Message, optional: Set<String> = []
    ) throws {
        testDescription = description
        json = message.json
        self.optional = optional
        rewrite = { bytes throws(WireError) in
            try Message(parsing: bytes, limitBytes: 131_072).json
        }
        comesBack = try Message(parsing: message.bytes, limitBytes: 65_536) == message
    }

    static func all() throws -> [Sample] {
        try devices() + management() + rollouts() + access() + events()
    }

    private static func devices() throws -> [Sample] {
        let nonce: Nonce = try name("offer-1")
        let boot: Set = ["boot.release", "boot.sha256"]
        let checkIn = boot.union(["attributes", "attributes.site", "enrolment", "phase.log"])
        let phases: [PhaseReport] = [
            .idle, .downloading(nonce, bytesDone: 0, bytesTotal: 1),
            .waiting(nonce, reason: "it flies"), .installed(nonce),
            .trial(nonce), .proven(nonce),
            .failed(nonce, Failure(.health, "it smokes").with(log: "hot\nhotter\n")),
        ]
        var deferrable = try Offer.plain()
        deferrable.deferUntil = at(172_800)
        return try phases.map { phase in
            try Sample("check-in, \(phase.word)", CheckIn.full(phase: phase), optional: checkIn)
        } + [
            Sample("offer", Offer.plain()),
            Sample("offer that can be put off", deferrable, optional: ["defer_until"]),
            Sample("directive", Directive.with(nil)),
            Sample(
                "directive, offer", Directive.with(.offer(signed(Offer.plain()))),
                optional: ["offer"]),
            Sample("directive, cancel", Directive.with(.cancel(nonce)), optional: ["cancel"]),
            Sample(
                "directive, retire", Directive.with(.retire(wipe: false)), optional: ["retire"]),
            // Without `retire` there is no order, and nothing is wiped.
            Sample(
                "directive, retire and wipe", Directive.with(.retire(wipe: true)),
                optional: ["retire", "wipe"]),
            Sample("wipe", WipeReport.done),
            Sample("failed wipe", WipeReport.failed("the disk is stuck")),
        ]
    }

    private static let inventoryOptional: Set = [
        "hardware", "public_key", "attributes", "attributes.site",
    ]

    private static func inventoryRow() throws -> InventoryRow {
        try InventoryRow(
            id: name("gw-0001"), hardware: name("gw-2"), publicKey: key(3).ed25519PublicKey,
            attributes: Attributes(["site": "berlin"]))
    }

    private static func management() throws -> [Sample] {
        let checkIn = try CheckIn.full()
        return try [
            Sample(
                "device",
                DeviceSummary(
                    id: name("gw-0001"), hardware: name("gw-2"),
                    lifecycle: .retired, standing: "retired", pin: releaseID(), boot: checkIn.boot,
                    phase: .idle,
                    rollout: name("gateway-2.4.1"),
                    lastFailure: Failure(.boot, "silence").with(log: "hush"), lastSeen: at(5),
                    attributes: Attributes(["site": "berlin"]),
                    setAttributes: Attributes(["site": "berlin"]),
                    retirement: Retirement(at: at(6), wipe: .failed("stuck", at: at(7))),
                    askedKey: key(3).ed25519PublicKey,
                    decisions: [.init(rollout: name("gateway-2.4.1"), rule: "not selected")]),
                optional: [
                    "boot.release", "boot.sha256", "rollout", "last_failure", "attributes",
                    "attributes.site", "pin", "asked_key", "last_failure.log",
                    "set_attributes", "set_attributes.site", "retirement", "retirement.wipe",
                ]),
            Sample("retirement", Retirement(at: at(6), wipe: .done(at: at(7))), optional: ["wipe"]),
            Sample("retirement, wipe", Retirement(at: at(6), wipe: .demanded), optional: ["wipe"]),
            Sample("retiring", RetireRequest(demandsWipe: true)),
            Sample(
                "setting attributes", AttributesRequest(changes: ["site": "berlin"]),
                optional: ["attributes.site"]),
            Sample("inventory row", inventoryRow(), optional: Sample.inventoryOptional),
            Sample(
                "inventory entry",
                InventoryEntry(
                    row: inventoryRow(), lifecycle: .active,
                    reported: Attributes(["carrier": "x"]), release: releaseID(), lastSeen: at(5),
                    askedKey: key(3).ed25519PublicKey),
                optional: Sample.inventoryOptional.union([
                    "reported", "reported.carrier", "release", "last_seen", "asked_key",
                ])),
            Sample(
                "import report",
                ImportReport(
                    added: 1, changed: 2, unchanged: 3, refused: [.init(line: 4, reason: "no")])),
            Sample("key", KeyRequest(key: key(3).ed25519PublicKey)),
            Sample("stratum", StratumRequest(attribute: "board_revision", value: "C")),
            Sample("retry", RetryRequest(classes: [.boot]), optional: ["classes"]),
            Sample("release", ReleaseRequest(release: releaseID()), optional: ["release"]),
            Sample(
                "device explanation",
                DeviceExplanation(
                    device: name("gw-0001"), at: at(9), facts: ["hardware gw-2"],
                    rollouts: [
                        .init(
                            rollout: name("gateway-2.4.1"), release: releaseID(),
                            steps: [.init(rule: "state", detail: "running", holds: true)],
                            ruling: "it is offered")
                    ], conclusion: "it is offered", events: [event()]),
                optional: [
                    "rollouts[0].release", "events[0].device", "events[0].rollout", "facts",
                ]),
            Sample(
                "releases",
                ListAnswer(items: [
                    ReleaseSummary(
                        release: releaseID(),
                        images: [
                            ImageSummary(
                                image: imageReference(), hardware: [name("gw-2")],
                                from: [#require(Version("2.4.0"))], mayDowngrade: false)
                        ])
                ])),
            Sample("error", ErrorAnswer(error: "no")),
            Sample(
                "named error", ErrorAnswer(error: "no", requestID: "a-1"), optional: ["request_id"]),
        ] + cohorts()
    }

    private static func cohorts() throws -> [Sample] {
        let cohort = try CohortSummary(
            version: #require(CohortVersion(name: name("berlin"), number: 3)),
            selector: "cohort(\"de\")", expanded: "(all)", author: name("ada"), saved: at(9))
        return try [
            Sample("cohort", cohort),
            Sample(
                "cohort's versions",
                CohortHistory(name: name("berlin"), devices: 12, versions: [cohort])),
            Sample("saving a cohort", CohortRequest(selector: "all")),
        ]
    }

    private static let wave = RolloutSummary.Wave(
        name: "canary", devices: 5, offered: 4, proven: 3, failed: 1, retrying: 1)

    private static func event() throws -> ExplainedEvent {
        ExplainedEvent(
            at: at(8), device: try name("gw-0001"), rollout: try name("gateway-2.4.1"),
            what: "offered")
    }

    private static func rollouts() throws -> [Sample] {
        let file: Set = [
            "gate", "gate.max_failure_rate", "gate.confidence", "gate.min_confirmed",
            "gate.require", "gate.overdue_after", "limits", "limits.concurrent", "on_failure",
            "expires", "defer_for", "waves[0].sample", "waves[0].strata", "waves[0].soak",
            "waves[1].list",
            "waves[1].approval", "waves[2].count", "waves[3].devices", "waves[4].percent",
            "waves[4].soak", "waves[4].rate", "waves[4].rate.factor", "waves[4].rate.every",
            "waves[4].rate.max", "limits.per", "limits.per.site", "limits.never_together",
            "limits.window", "limits.window.days", "limits.egress", "gate.per_class",
            "gate.per_class.download", "retries", "retries.max", "retries.backoff",
            "retries.classes", "priority", "supersedes", "revert_to",
        ]
        return try [
            Sample("rollout file", RolloutFile.full, optional: file),
            Sample(
                "start", StartRequest(file: .full, digest: digest(1)),
                optional: Set(file.map { "file.\($0)" })),
            Sample(
                "rollout",
                RolloutSummary(
                    name: name("gateway-2.4.1"), release: releaseID(), state: "running",
                    reason: "soaking", wave: 0,
                    waves: [wave], failures: [.init(kind: .health, devices: 1)],
                    created: at(7), plan: digest(2), revision: 3),
                optional: ["wave"]),
            Sample(
                "rollout explanation",
                RolloutExplanation(
                    rollout: RolloutSummary(
                        name: name("gateway-2.4.1"), release: releaseID(), state: "running",
                        reason: "soaking", wave: 0, waves: [wave], failures: [], created: at(7),
                        plan: digest(2), revision: 3),
                    at: at(9), steps: [.init(rule: "soak", detail: "soaking", holds: false)],
                    verdict: "hold", events: [event()]),
                optional: ["rollout.wave", "events[0].device", "events[0].rollout"]),
            Sample(
                "plan",
                PlanSummary(
                    name: name("gateway-2.4.1"), release: releaseID(), digest: digest(3),
                    waves: [.init(name: "fleet", devices: 9, target: "100%", soak: "12h")],
                    excluded: [.init(reason: "not selected", devices: 2)], bytes: 36_864,
                    notes: ["a", "b"]),
                optional: ["notes"]),
        ]
    }
}

import Audit
import Foundation
import JSON
import Model
import OpenSSL
import Orchestrator
import Rollouts
import Stores
import TestSupport
import Testing
import Trust
import Wire

/// Every door by which something changes leaves the right rows in the log, and no others do.
@Suite struct AuditTrailTests {
    static let ada = AuditActor.operator(must(OperatorName("ada")))
    static let rollout = must(RolloutName("r"))
    static let device = must(DeviceID("gw-1"))
    static let cryptography = CryptographySuite(
        checker: OpenSSLSignatureChecker(), hashing: OpenSSLHashing())

    static func at(_ seconds: Int64) -> Instant { SQLiteStoreTests.at(seconds) }

    static func pen(_ actor: AuditActor = ada, at seconds: Int64 = 5) -> AuditPen {
        AuditPen(actor, at: at(seconds), hashing: OpenSSLHashing())
    }

    static func offer(_ nonce: String = "n1") -> OfferRecord {
        OfferRecord(
            nonce: must(Nonce(nonce)), device: device, rollout: rollout, wave: 0,
            release: must(ReleaseID("acme 2.0.0")),
            image: must(
                ImageReference(
                    path: must(TargetPath("acme/2.0.0/x.img")),
                    sha256: must(Digest(bytes: Array(repeating: 3, count: 32))), length: 5)),
            bootID: must(BootID("boot-0")), issued: at(10), expires: at(500), outcome: .open)
    }

    static var image: ImageRecord {
        ImageRecord(
            image: offer().image, release: offer().release, hardware: [must(HardwareModel("gw-2"))],
            from: [], mayDowngrade: false)
    }

    private static func attempt(_ standing: AttemptRecord.Standing) -> AttemptRecord {
        AttemptRecord(
            rollout: rollout, device: device, wave: 0, standing: standing, tries: 1,
            lastFailure: standing == .failed
                ? .init(kind: .boot, tryNumber: 1, at: at(2), countsFrom: at(2)) : nil,
            notedTry: 0, forgivenTry: 0, cameFrom: nil)
    }

    /// A store with a device, a rollout and a failed attempt.
    static func store(_ engine: Engine) async throws -> any Store {
        let store = try TestDatabase(engine).open()
        try await store.write { store in
            try store.save(SQLiteStoreTests.device(), at: at(1))
            try store.add(SQLiteStoreTests.rollout())
            try store.save(attempt(.failed))
        }
        return store
    }

    /// The rows that `body` leaves, which are the same on every engine: so is the hash of the last.
    private static func rows(
        of body: @escaping @Sendable (any StoreWriter) throws -> Void
    ) async throws -> [AuditRow] {
        var first: [AuditRow]?
        for engine in Engine.allCases {
            let store = try await store(engine)
            let before = try await store.read { try $0.auditHead().number }
            try await store.write(with: pen(), body)
            let rows = try await store.read { try $0.auditRows(.all, after: before, limit: 100) }
            #expect(first ?? rows == rows, "\(engine)")
            first = rows
        }
        return try #require(first)
    }

    private static func expect(
        _ action: AuditAction, _ subject: String, before: JSONValue?, after: JSONValue?,
        _ body: @escaping @Sendable (any StoreWriter) throws -> Void
    ) async throws {
        let rows = try await rows(of: body)
        #expect(rows.map(\.action) == [action.rawValue])
        let row = try #require(rows.first)
        #expect(row.subject == subject && row.before == before && row.after == after, "\(row)")
        #expect(row.actor == "operator:ada" && row.at == at(5))
    }

    // MARK: Devices

    @Test func aNewDeviceIsToldWhole() async throws {
        let rows = try await Self.rows { store in
            try store.save(SQLiteStoreTests.device("gw-2"), at: Self.at(1))
        }
        #expect(rows.map(\.action) == ["device-added"])
        let row = try #require(rows.first)
        #expect(row.subject == "device:gw-2" && row.device?.text == "gw-2" && row.before == nil)
        guard case .object(let after) = row.after else {
            Issue.record("\(row)")
            return
        }
        #expect(after["attribute site"] == "zürich" && after["lifecycle"] == "active")
        #expect(after["public_key"] == .string(String(repeating: "09", count: 32)))
    }

    private typealias DeviceChange = (
        member: String, old: JSONValue, new: JSONValue,
        change: @Sendable (inout DeviceRecord) -> Void
    )

    private static let changes: [DeviceChange] = [
        ("held_reason", .null, "lab", { $0.heldReason = "lab" }),
        ("lifecycle", "active", "retired", { $0.lifecycle = .retired }),
        ("quarantined_s", .null, 9, { $0.quarantined = at(9) }),
        ("failures_in_a_row", 0, 3, { $0.failuresInARow = 3 }),
        ("confirmed", 1, 0, { $0.isConfirmed = false }),
        ("hardware", "gw-2", "gw-3", { $0.hardware = must(HardwareModel("gw-3")) }),
        (
            "release_version", "2.0.0-rc.1+b5", "2.0.0",
            { $0.release = ReleaseID("acme 2.0.0") }
        ),
        (
            "sha256", .string(String(repeating: "01", count: 32)), .null, { $0.image = nil }
        ),
        (
            "public_key", .string(String(repeating: "09", count: 32)),
            .string(String(repeating: "0a", count: 32)),
            { $0.publicKey = must(Ed25519PublicKey(bytes: Array(repeating: 10, count: 32))) }
        ),
        (
            "attribute site", "zürich", "lyon",
            {
                $0.reportedAttributes =
                    (try? Attributes(["site": "lyon", "tags": "lab,x"])) ?? .none
            }
        ),
        (
            "attribute site", "zürich", .null,
            { $0.reportedAttributes = (try? Attributes(["tags": "lab,x"])) ?? .none }
        ),
    ]

    @Test(arguments: changes.indices)
    func aChangeOfADeviceIsToldByItsMembers(index: Int) async throws {
        let (name, old, new, change) = Self.changes[index]
        try await Self.expect(
            .deviceChanged, "device:gw-1", before: .object(JSONObject([(name, old)])),
            after: .object(JSONObject([(name, new)]))
        ) { store in
            var device = SQLiteStoreTests.device()
            change(&device)
            try store.save(device, at: Self.at(9))
        }
    }

    @Test func aKeyThatIsAskedForIsTold() async throws {
        let key = must(Ed25519PublicKey(bytes: Array(repeating: 10, count: 32)))
        try await Self.expect(
            .deviceChanged, "device:gw-1", before: ["asked_key": .null, "asked_key_s": .null],
            after: ["asked_key": .string(key.hex), "asked_key_s": 9]
        ) { store in
            var device = SQLiteStoreTests.device()
            device.askedKey = .init(key: key, at: Self.at(9))
            try store.save(device, at: Self.at(9))
        }
    }

    /// A check-in that says only that the device lives.
    @Test func anIdleCheckInLeavesNoRow() async throws {
        let rows = try await Self.rows { store in
            var device = SQLiteStoreTests.device()
            device.sequence += 1
            device.lastSeen = Self.at(1000)
            device.bootID = must(BootID("boot-2"))
            device.phaseJSON = Array(#"{"state":"proven","nonce":"n"}"#.utf8)
            try store.save(device, at: Self.at(1000))
            try store.beat(at: Self.at(1000))
            try store.add(EventRecord(at: Self.at(1), device: nil, rollout: nil, what: "x"))
        }
        #expect(rows == [])
    }

    // MARK: Images and cohorts

    @Test func imagesAreToldWhenTheyComeAndChangeAndGo() async throws {
        let rows = try await Self.rows { store in
            try store.save(Self.image)
            try store.save(Self.image)
            var other = Self.image
            other.mayDowngrade = true
            try store.save(other)
            try store.removeImage(at: other.image.path)
            try store.removeImage(at: other.image.path)
        }
        #expect(rows.map(\.action) == ["image-added", "image-changed", "image-removed"])
        #expect(Set(rows.map(\.subject)) == ["image:acme/2.0.0/x.img"])
        #expect(rows.map { $0.before == nil } == [true, false, false])
        #expect(rows.map { $0.after == nil } == [false, false, true])
        #expect(rows[1].before == ["downgrade": 0] && rows[1].after == ["downgrade": 1])
    }

    @Test func aCohortIsToldWithTheVersionBefore() async throws {
        func cohort(_ number: Int, _ selector: String) -> CohortRecord {
            CohortRecord(
                version: must(CohortVersion(name: must(CohortName("c")), number: number)),
                selector: selector, expanded: "all", author: must(OperatorName("ada")),
                at: Self.at(1))
        }
        let (first, second) = (cohort(1, "all"), cohort(2, "not all"))
        let rows = try await Self.rows { store in
            try store.add(first)
            try store.add(second)
        }
        #expect(rows.map(\.subject) == ["cohort:c", "cohort:c"])
        #expect(rows[1].before == ["version": 1, "selector": "all"])
        #expect(rows[1].after == ["version": 2, "selector": "not all"])
    }

    // MARK: Rollouts

    @Test func aRolloutIsToldWithItsPlan() async throws {
        let rows = try await Self.rows { store in
            var other = SQLiteStoreTests.rollout()
            other.name = must(RolloutName("s"))
            try store.add(other)
        }
        #expect(rows.map(\.action) == ["rollout-started"] && rows[0].rollout?.text == "s")
        guard case .object(let after) = rows[0].after else {
            Issue.record("\(rows)")
            return
        }
        #expect(after["plan_sha256"] == .string(String(repeating: "02", count: 32)))
        #expect(after["file_json"] == "{}" && after["author"] == "ada")
    }

    @Test func aStateIsToldWithTheOneBefore() async throws {
        try await Self.expect(
            .rolloutChanged, "rollout:r",
            before: ["state": "draft", "since_s": .null, "revision": 1],
            after: ["state": "completed", "since_s": 9, "revision": 2]
        ) { store in
            var rollout = SQLiteStoreTests.rollout()
            rollout.state = .completed(at: Self.at(9))
            try store.update(rollout, at: Self.at(9))
        }
    }

    @Test func approvalsAndPausedStrataAreToldOnce() async throws {
        let stratum = Stratum(attribute: "site", value: "kiel")
        let rows = try await Self.rows { store in
            let approval = ApprovalRecord(
                rollout: Self.rollout, wave: 0, since: Self.at(1), by: must(OperatorName("bob")),
                at: Self.at(2))
            for _ in 0..<2 { try store.add(approval) }
            let paused = PausedStratum(
                rollout: Self.rollout, stratum: stratum, at: Self.at(3), reason: "it smokes")
            for _ in 0..<2 { try store.add(paused) }
            for _ in 0..<2 { _ = try store.lift(stratum, in: Self.rollout, at: Self.at(4)) }
        }
        #expect(rows.map(\.action) == ["wave-approved", "stratum-paused", "stratum-lifted"])
        #expect(rows[0].after == ["wave": 0, "since_s": 1, "operator": "bob"])
        #expect(
            rows[1].after == ["attribute": "site", "value": "kiel", "reason": "it smokes"])
        #expect(rows[2].before == ["attribute": "site", "value": "kiel"] && rows[2].after == nil)
    }

    @Test func anOutsideAnswerIsTold() async throws {
        try await Self.expect(
            .outsideAnswered, "rollout:r", before: nil,
            after: [
                "check": "qa", "wave": 1, "revision": 3, "asked_s": 7, "answer": "fail",
                "detail": "bad",
            ]
        ) { store in
            try store.add(
                OutsideAnswerRecord(
                    rollout: Self.rollout, check: must(CheckName("qa")), wave: 1, revision: 3,
                    asked: AskedAnswer(.fail("bad"), asked: Self.at(7))))
        }
    }

    // MARK: Offers and attempts

    @Test func anOfferIsToldWhenItIsMadeAndDecided() async throws {
        let rows = try await Self.rows { store in
            var offer = Self.offer()
            try store.add(offer, values: ["site": "kiel"])
            // A lease that goes on is no change.
            offer.heard = Self.at(20)
            offer.expires = Self.at(900)
            try store.update(offer)
            offer.outcome = .failed(Failure(.overdue, "silent"))
            offer.decided = Self.at(30)
            try store.update(offer)
            try store.update(offer)
            offer.outcome = .failed(Failure(.boot, "panic"))
            try store.update(offer)
        }
        #expect(rows.map(\.action) == ["offer-made", "offer-decided", "offer-decided"])
        #expect(rows.allSatisfy { $0.subject == "offer:n1" && $0.device == Self.device })
        #expect(rows.allSatisfy { $0.rollout == Self.rollout })
        #expect(
            rows[1].before == [
                "outcome": "open", "failure_class": .null, "failure_detail": .null,
                "decided_s": .null,
            ])
        #expect(
            rows[1].after == [
                "outcome": "failed", "failure_class": "overdue", "failure_detail": "silent",
                "decided_s": 30,
            ])
        #expect(
            rows[2].before == ["failure_class": "overdue", "failure_detail": "silent"])
        #expect(rows[2].after == ["failure_class": "boot", "failure_detail": "panic"])
    }

    /// Attempts follow from offers; what is done to many at once is one row, with its rule.
    @Test func whatHappensToManyAttemptsIsOneRow() async throws {
        let rows = try await Self.rows { store in
            try store.forgiveNoted(in: Self.rollout)
            try store.noteEvidence(in: Self.rollout, at: Self.at(50))
            try store.forgiveNoted(in: Self.rollout)
            #expect(try store.forgive([.boot], in: Self.rollout, at: Self.at(52)) == 0)
            #expect(try store.grantRetry(of: [.boot], in: Self.rollout, at: Self.at(53)) == 1)
            #expect(try store.grantRetry(of: [.boot], in: Self.rollout, at: Self.at(54)) == 0)
            try store.postponeRetries(in: Self.rollout, until: Self.at(99))
            var waiting = Self.attempt(.failed)
            waiting.lastFailure?.countsFrom = Self.at(60)
            try store.save(waiting)
            try store.add(values: ["site": "kiel"], of: waiting)
            try store.postponeRetries(in: Self.rollout, until: Self.at(99))
            for site in ["lyon", "kiel"] {
                try store.forgive(
                    Stratum(attribute: "site", value: site), in: Self.rollout, at: Self.at(199))
            }
            try store.save(Self.attempt(.failed))
            #expect(try store.forgive([.boot], in: Self.rollout, at: Self.at(200)) == 1)
            let control = OverdueGrading.Control(silent: 1, count: 4)
            for _ in 0..<2 {
                try store.add(
                    control, of: Self.rollout, newestOverdue: Self.at(70), at: Self.at(71))
            }
            try store.removeAttempt(of: Self.device, in: Self.rollout)
        }
        #expect(
            rows.map(\.action) == [
                "evidence-noted", "failures-forgiven", "retries-granted", "retries-postponed",
                "failures-forgiven", "failures-forgiven", "silence-measured",
            ])
        #expect(rows.allSatisfy { $0.rollout == Self.rollout && $0.before == nil })
        #expect(
            rows.map(\.after) == [
                ["until_s": 50, "devices": 1], ["which": "noted", "devices": 1],
                ["classes": "boot", "devices": 1], ["until_s": 99, "devices": 1],
                [
                    "which": "stratum", "until_s": 199, "attribute": "site", "value": "kiel",
                    "devices": 1,
                ],
                ["which": "classes", "classes": "boot", "until_s": 200, "devices": 1],
                ["newest_overdue_s": 70, "silent": 1, "devices": 4],
            ])
    }

    @Test func aPlanThatWasShownIsNoChange() async throws {
        let rows = try await Self.rows { store in
            try store.add(
                PlanRecord(
                    digest: must(Digest(bytes: Array(repeating: 7, count: 32))), at: Self.at(5),
                    rollout: Self.rollout, fileJSON: [], listed: [], deviceCounts: [], images: [:],
                    scope: AttributionScope(attributes: [], pairCount: 0), superseded: []))
        }
        #expect(rows == [])
    }
}

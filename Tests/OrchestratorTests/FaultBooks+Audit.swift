import Audit
import JSON
import Model
import OpenSSL
import Orchestrator

/// Promise P6: the log of changes is whole, and by itself tells how everything is now.
extension FaultBooks {
    /// - Throws: ``BrokenPromise`` for the first that was not kept.
    func checkAudit(_ orchestrator: Orchestrator) async throws {
        let rows = try await wholeLog(orchestrator)
        var states: [String: [String: JSONValue]] = [:]
        for row in rows {
            switch AuditAction(rawValue: row.action) {
            case .deviceAdded, .deviceChanged, .rolloutStarted, .rolloutChanged, .offerMade,
                .offerDecided, .imageAdded, .imageChanged, .imageRemoved:
                Self.apply(row, to: &states[row.subject, default: [:]])
            case nil: throw BrokenPromise("row \(row.number) tells of \(row.action)")
            case .logStarted, .deviceExpected, .expectationChanged, .expectationEnded,
                .cohortSaved, .waveApproved, .stratumPaused, .stratumLifted, .outsideAnswered,
                .silenceMeasured, .evidenceNoted, .failuresForgiven, .retriesGranted,
                .retriesPostponed, .leasesExtended, .tokenAdded, .tokenRevoked,
                .enrolmentTokenAdded, .enrolmentTokenRevoked, .enrolmentTokenUsed,
                .webHookAdded, .webHookRemoved:
                continue
            }
        }
        for (table, kind, key, columns) in Self.told {
            try compare(states, with: table, kind, key, columns)
        }
        try compareAttributes(states)
    }

    private func wholeLog(_ orchestrator: Orchestrator) async throws -> [AuditRow] {
        let checkpoint = try await orchestrator.signAudit()
        var verifier: AuditVerifier
        var rows: [AuditRow] = []
        do {
            verifier = try AuditVerifier(
                trusting: .keys([Keys().offer.publicKey]), kept: [checkpoint],
                cryptography: World.cryptography)
            while true {
                let page = try await orchestrator.auditPage(
                    .all, after: rows.last?.number ?? 0, limit: 500)
                if page.rows.isEmpty { break }
                for line in page.exportLines { try verifier.take(line: line) }
                rows += page.rows
            }
            let verdict = try verifier.finish()
            guard verdict.rows == rows.count else { throw BrokenPromise("rows were not counted") }
        } catch let finding as AuditFinding { throw BrokenPromise("the log: \(finding)") }
        return rows
    }

    private static func apply(_ row: AuditRow, to state: inout [String: JSONValue]) {
        guard case .object(let after) = row.after else { return state.removeAll() }
        for member in after.members {
            state[member.key.text] = member.value == .null ? nil : member.value
        }
    }

    /// What the log tells of each table's records.
    private static let told: [(String, AuditSubject.Kind, String, [String])] = [
        (
            "devices", .device, "id",
            [
                "hardware", "public_key", "lifecycle", "held_reason", "quarantined_s",
                "failures_in_a_row", "pin_name", "pin_version", "release_name",
                "release_version", "sha256", "confirmed", "asked_key",
            ]
        ),
        ("rollouts", .rollout, "name", ["state", "wave", "since_s", "reason", "revision"]),
        (
            "offers", .offer, "nonce",
            ["device", "rollout", "outcome", "failure_class", "decided_s", "issued_s"]
        ),
        ("images", .image, "path", ["sha256", "hardware", "downgrade", "release_version"]),
    ]

    private func compare(
        _ states: [String: [String: JSONValue]], with table: String, _ kind: AuditSubject.Kind,
        _ key: String, _ columns: [String]
    ) throws {
        struct Row: Decodable {
            let key: String
            let name: String
            let value: String?
        }
        let found: [Row] = try shell.rows(
            columns.map {
                "SELECT \(key) AS key, '\($0)' AS name, CAST(\($0) AS TEXT) AS value FROM \(table)"
            }.joined(separator: " UNION ALL "))
        for row in found {
            let told = states["\(kind.rawValue):\(row.key)"]?[row.name]?.plainText
            guard told == row.value else {
                throw BrokenPromise(
                    "\(kind) \(row.key): \(row.name) is \(row.value ?? "null"), and the log tells"
                        + " \(told ?? "null")")
            }
        }
        let known = states.filter { $0.key.hasPrefix("\(kind.rawValue):") && !$0.value.isEmpty }
        guard known.count * columns.count == found.count else {
            throw BrokenPromise("the log tells of \(known.count) in \(table)")
        }
    }

    private func compareAttributes(_ states: [String: [String: JSONValue]]) throws {
        struct Row: Decodable, Hashable {
            let device: String
            let name: String
            let value: String
        }
        let prefix = "attribute "
        let told = states.filter { $0.key.hasPrefix("device:") }.flatMap { subject, members in
            members.filter { $0.key.hasPrefix(prefix) }.map {
                Row(
                    device: String(subject.dropFirst("device:".count)),
                    name: String($0.key.dropFirst(prefix.count)),
                    value: $0.value.plainText ?? "")
            }
        }
        let found: [Row] = try shell.rows("SELECT device, name, value FROM attributes")
        guard Set(told) == Set(found), told.count == found.count else {
            throw BrokenPromise("the log tells of other attributes")
        }
    }
}

extension JSONValue {
    fileprivate var plainText: String? {
        switch self {
        case .string(let text): text.text
        case .integer(let number): "\(number)"
        case .null: nil
        case .bool, .array, .object: String(decoding: compactBytes, as: UTF8.self)
        }
    }
}

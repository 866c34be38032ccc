import Foundation
import Testing

/// Rollout files without a server: `rollout check` and `rollout schema`.
@Suite struct RolloutFileCommandTests {
    /// Every key that a file may have.
    private static let full = """
        rollout: gateway-2.4.1
        release: acme-gateway 2.4.1
        devices: hardware == "gw-2" and not tag("lab") and last_seen() < "7d"
        waves:
          - { name: first, count: 5, soak: 1h, approval: required }
          - { name: canary, sample: 50, strata: [board_revision, carrier], soak: 24h }
          - { name: friends, list: [gw-1, gw-2] }
          - { name: lab, devices: 'site == "lab"' }
          - { name: fleet, percent: 2.5 }
          - name: all
            percent: 100
            rate: { start: 60/min, factor: 2, every: 500 confirmed, max: 5000/min }
        gate:
          max_failure_rate: 2%
          confidence: 95%
          min_confirmed: 2
          require: no_evidence_of_harm
          overdue_after: 2h
          per_class: { refused: 1%, download: 10%, install: 1%, boot: 1%, health: 1%, overdue: 5% }
          checks:
            - name: errors
              prometheus: sum(rate(http_errors_total{release="2.4.1"}[5m]))
              pass: "< 0.01"
              every: 30s
              timeout: 10s
            - name: qa
              webhook: https://qa.example.com/gate
            - name: lab
              command: check-lab
        limits:
          concurrent: 500
          per: { site: 25%, carrier: 3 }
          never_together: [ha_pair]
          window: { days: mon-fri, from: "01:00", to: "05:00", zone: device }
          egress: 200 GB/day
        retries: { max: 3, backoff: 10m, classes: [download, overdue] }
        priority: 7
        supersedes: older
        on_failure: revert
        revert_to: acme-gateway 2.4.0
        defer_for: 6h
        expires: 14d

        """

    @Test func checksFilesWithoutAServer() throws {
        let slipway = try Slipway()
        let good = try slipway.file("good.yaml", Self.full)
        let sound = try slipway.run(["rollout", "check", good])
        #expect(sound.code == 0, "\(sound.errors)")
        #expect(sound.output == "\(good): sound\n")

        let bad = try slipway.file(
            "bad.yaml", Self.full.replacing("to: \"05:00\"", with: "to: \"25:00\""))
        let end = try slipway.run(["rollout", "check", bad, good])
        #expect(end.code == 65)
        #expect(end.output == "\(good): sound\n")
        #expect(end.errors.contains("limits.window.to: expected a time from 00:00 to 24:00"))
        #expect(try slipway.run(["rollout", "check", good, "nowhere.yaml"]).code == 66)
        let json = try slipway.run(["rollout", "check", bad, "--json"])
        #expect(json.code == 65)
        #expect(json.output.contains("\"checked\": 1") && json.output.contains("25:00"))
    }

    /// Which cohorts there are is known to a server only.
    @Test func leavesCohortsToTheServer() throws {
        let slipway = try Slipway()
        let good = try slipway.file(
            "good.yaml", Self.full.replacing("not tag(\"lab\")", with: "cohort(\"pilots@3\")"))
        let sound = try slipway.run(["rollout", "check", good])
        #expect(sound.code == 0, "\(sound.errors)")

        let bad = try slipway.file(
            "bad.yaml", Self.full.replacing("not tag(\"lab\")", with: "cohort(\"pilots@0\")"))
        let end = try slipway.run(["rollout", "check", bad])
        #expect(end.code == 65)
        #expect(end.errors.contains("devices: column 31: expected a cohort"), "\(end.errors)")
    }

    /// The keys of the objects that a schema describes, by the path that errors use.
    private func keys(
        of schema: [String: Any], at path: String = ""
    ) -> [(path: String, key: String)] {
        let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
        return properties.sorted { $0.key < $1.key }.flatMap { key, inner in
            let own = [(path, key)]
            let place = path.isEmpty ? key : "\(path).\(key)"
            guard let items = inner["items"] as? [String: Any] else {
                return own + keys(of: inner, at: place)
            }
            return own + keys(of: items, at: "\(place)[0]")
        }
    }

    private func schemaKeys(_ slipway: Slipway) throws -> [(path: String, key: String)] {
        let printed = try slipway.run(["rollout", "schema"])
        let schema = try JSONSerialization.jsonObject(with: Data(printed.output.utf8))
        return keys(of: try #require(schema as? [String: Any]))
    }

    @Test func theSchemaHasEveryKeyOfAFile() throws {
        let slipway = try Slipway()
        let known = Set(try schemaKeys(slipway).map(\.key))
        let used = Set(Self.full.matches(of: #/(?<key>[a-z_]+):\s/#).map { String($0.key) })
        // The names of attributes are anybody's.
        #expect(used.subtracting(["site", "carrier"]) == known)
    }

    /// A key that is misspelt where the schema has it is told from one that is not known there.
    @Test func everyKeyOfTheSchemaIsRead() throws {
        let slipway = try Slipway()
        for (path, key) in try schemaKeys(slipway) {
            var text = Self.full
            let line = "\(key)x: 1"
            switch path {
            case "": text += "\(line)\n"
            case "waves[0]": text = text.replacing("name: first", with: "name: first, \(line)")
            case "waves[0].rate":
                text = text.replacing("start: 60/min", with: "start: 60/min, \(line)")
            case "gate.checks[0]":
                text = text.replacing("name: qa", with: "name: qa\n      \(line)")
            case "gate", "limits":
                text = text.replacing("\(path):\n", with: "\(path):\n  \(line)\n")
            case "limits.window":
                text = text.replacing("zone: device", with: "zone: device, \(line)")
            case "gate.per_class":
                text = text.replacing("refused: 1%", with: "refused: 1%, \(line)")
            case "retries":
                text = text.replacing("max: 3,", with: "max: 3, \(line),")
            default: Issue.record("no file is made for \(path)")
            }
            let end = try slipway.run(
                ["rollout", "check", try slipway.file("typing.yaml", text)])
            #expect(end.code == 65)
            #expect(
                end.errors.contains("no member called \"\(key)x\"; perhaps \"\(key)\""),
                "\(path) \(key): \(end.errors)")
        }
    }
}

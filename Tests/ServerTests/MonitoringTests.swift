import Foundation
import JSON
import TestSupport
import Testing

/// Alerts, dashboard and their page, held against what a server really tells.
@Suite struct MonitoringTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../packaging/monitoring").standardizedFileURL

    private func text(_ name: String) throws -> String {
        try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
    }

    /// Of a server that has everything which makes metrics.
    private func metrics() throws -> ScrapedMetrics {
        let port = try LoopbackServer.deadPort()
        return try ServerProcess.withRollout(["--otlp-endpoint", "http://127.0.0.1:\(port)"])
            .scrape()
    }

    private static func promtool(
        _ arguments: [String], input: String = ""
    ) throws -> (code: Int32, words: String) {
        let process = ChildProcess()
        // `make test` installs it.
        process.executableURL = URL(filePath: "/usr/bin/promtool")
        process.arguments = arguments
        let (incoming, outgoing) = (Pipe(), Pipe())
        process.standardInput = incoming
        process.standardOutput = outgoing
        process.standardError = outgoing
        try process.run()
        try incoming.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try incoming.fileHandleForWriting.close()
        let words = String(
            decoding: outgoing.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, words)
    }

    // MARK: The metrics

    @Test func promtoolFindsNothingWrongWithTheMetrics() throws {
        let end = try Self.promtool(["check", "metrics"], input: metrics().text)
        #expect(end.code == 0, "\(end.words)")
        #expect(end.words.isEmpty, "\(end.words)")
        // It does look.
        #expect(try Self.promtool(["check", "metrics"], input: "# TYPE a nothing\n").code != 0)
    }

    @Test func thePageListsExactlyTheMetricsThatThereAre() throws {
        let metrics = try metrics()
        let rows = metrics.families.sorted { $0.key < $1.key }.map { name, family in
            let labels = family.labels.subtracting(["le"]).sorted().map { "`\($0)`" }
            return "| `\(name)` | \(family.kind) | \(labels.joined(separator: ", ")) |"
                + " \(family.help) |"
        }
        let listed = try text("README.md").split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("| `slipway_") || $0.hasPrefix("| `process_") }
        #expect(rows.count > 40)
        #expect(listed == rows, "it should be:\n\(rows.joined(separator: "\n"))")
    }

    // MARK: Alerts

    @Test func promtoolReadsTheRulesAndTheyAlertWhenTheyShould() throws {
        let rules = Self.folder.appending(path: "slipway.rules.yml").path
        let read = try Self.promtool(["check", "rules", rules])
        #expect(read.code == 0, "\(read.words)")
        #expect(read.words.contains("27 rules found"), "\(read.words)")
        let tests = Self.folder.appending(path: "slipway.rules.test.yml").path
        let tried = try Self.promtool(["test", "rules", tests])
        #expect(tried.code == 0, "\(tried.words)")
    }

    @Test func everyAlertAsksForMetricsThatThereAre() throws {
        let lines = try text("slipway.rules.yml").split(separator: "\n").map(String.init)
        var expressions: [String] = []
        for (number, line) in lines.enumerated() where line.contains("expr:") {
            // What stands folded below is indented further.
            let more = lines[(number + 1)...].prefix { $0.hasPrefix("          ") }
            expressions.append(([line] + more).joined(separator: " "))
        }
        #expect(expressions.count == 27)
        let metrics = try metrics()
        for expression in expressions {
            #expect(
                PromQLNames(expression.replacing("expr:", with: "")).strangers(to: metrics) == [])
        }
    }

    @Test func aMisspeltNameIsFound() throws {
        let metrics = try metrics()
        for (wrong, stranger) in [
            ("slipway_devizes > 1", "slipway_devizes"),
            (#"slipway_devices{lifecycle="actif"}"#, "lifecycle=actif"),
            (#"slipway_devices{livecycle="active"}"#, "livecycle"),
            (#"slipway_rollouts{state=~"running|pausing"}"#, "state=pausing"),
            ("sum by (rollouts) (slipway_rollout_wave)", "rollouts"),
            ("rate(slipway_check_in_duration_seconds[5m])", "slipway_check_in_duration_seconds"),
        ] {
            #expect(PromQLNames(wrong).strangers(to: metrics) == [stranger], "\(wrong)")
        }
    }

    // MARK: The dashboard

    private func dashboardExpressions() throws -> [String] {
        let limits = JSONLimits(bytes: 1_048_576, depth: 32, values: 100_000)
        let dashboard = try JSONFields(
            JSONValue(parsing: Array(text("slipway-dashboard.json").utf8), limits: limits))
        #expect(try dashboard.string("title") == "Slipway")
        var expressions: [String] = []
        for item in try dashboard.array("panels", maximumCount: 200) {
            let panel = try item.object()
            for target in try panel.optionalArray("targets", maximumCount: 20) ?? [] {
                expressions.append(try target.object().string("expr", maximumByteCount: 4096))
            }
        }
        for variable in try dashboard.object("templating").array("list", maximumCount: 9) {
            let fields = try variable.object()
            if let definition = try fields.optionalString("definition") {
                expressions.append(definition)
            }
        }
        return expressions
    }

    @Test func everyPanelAsksForMetricsThatThereAre() throws {
        let expressions = try dashboardExpressions()
        #expect(expressions.count > 50)
        let metrics = try metrics()
        for expression in expressions {
            #expect(
                PromQLNames(expression).strangers(to: metrics) == [], "\(expression)")
        }
    }

    /// Each expression as a rule of its own, so that Prometheus' own parser reads it.
    @Test func prometheusReadsEveryExpressionOfTheDashboard() throws {
        let rules = try dashboardExpressions().filter { !$0.hasPrefix("label_values(") }.map {
            let plain = $0.replacing("$__rate_interval", with: "5m")
            return "      - record: panel\n        expr: '\(plain.replacing("'", with: "''"))'\n"
        }
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).yml")
        defer { try? FileManager.default.removeItem(at: file) }
        try "groups:\n  - name: panels\n    rules:\n\(rules.joined())".write(
            to: file, atomically: true, encoding: .utf8)
        let end = try Self.promtool(["check", "rules", "--lint=none", file.path])
        #expect(end.code == 0, "\(end.words)")
        #expect(end.words.contains("\(rules.count) rules found"), "\(end.words)")
    }

    /// What nobody looks at need not be told.
    @Test func theDashboardShowsEveryMetric() throws {
        let shown = Set(try dashboardExpressions().flatMap { PromQLNames($0).metrics })
        let stems = try metrics().families.keys.filter { name in
            !shown.contains { $0 == name || $0.hasPrefix("\(name)_") }
        }
        let unshown: Set = [
            "process_start_time_seconds", "process_virtual_memory_bytes",
            "slipway_state_read_errors_total",
        ]
        #expect(Set(stems) == unshown)
    }
}

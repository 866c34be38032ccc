import Curl
import Foundation
import OpenSSL
import Testing

/// What `/metrics` tells, and whom.
@Suite struct MetricsTests {
    struct Access: CustomTestStringConvertible {
        let setting: String?
        let withToken: Int
        let withoutToken: Int
        let behindProxy: Int
        var testDescription: String { setting ?? "no setting" }
    }

    static let accesses: [Access] = [
        Access(setting: nil, withToken: 200, withoutToken: 401, behindProxy: 401),
        Access(setting: "off", withToken: 404, withoutToken: 404, behindProxy: 404),
        Access(setting: "token", withToken: 200, withoutToken: 401, behindProxy: 401),
        Access(setting: "loopback", withToken: 200, withoutToken: 200, behindProxy: 401),
        Access(setting: "open", withToken: 200, withoutToken: 200, behindProxy: 200),
    ]

    @Test(arguments: accesses)
    func isReadByWhomTheSettingLets(access: Access) throws {
        let server = try ServerProcess(
            folder: ServerProcess.preparedFolder(), access.setting.map { ["--metrics", $0] } ?? [])
        let token = [("Authorization", "Bearer \(server.operatorToken)")]
        let wrong = [("Authorization", "Bearer \(server.enrolmentToken)")]
        #expect(try server.send(.get, "/metrics", headers: token).status == access.withToken)
        #expect(try server.send(.get, "/metrics").status == access.withoutToken)
        #expect(try server.send(.get, "/metrics", headers: wrong).status == access.withoutToken)
        for header in ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"] {
            let proxied = [(header, "192.0.2.1")]
            #expect(
                try server.send(.get, "/metrics", headers: proxied).status == access.behindProxy,
                "\(header)")
        }
    }

    @Test func tellsWhereFleetAndRolloutsStand() throws {
        let server = try ServerProcess.withRollout()
        let metrics = try server.scrape()
        let name = ServerProcess.rolloutName

        #expect(metrics.value("slipway_devices", ["lifecycle": "active"]) == 3)
        #expect(metrics.value("slipway_devices_overdue") == 0)
        #expect(metrics.value("slipway_rollouts", ["state": "running"]) == 1)
        #expect(
            metrics.value("slipway_rollout_state", ["rollout": name, "state": "running"]) == 1)
        #expect(metrics.value("slipway_rollout_state", ["rollout": name, "state": "paused"]) == 0)
        #expect(metrics.value("slipway_rollout_wave", ["rollout": name]) == 1)
        #expect(metrics.value("slipway_rollout_lacks_approval", ["rollout": name]) == 1)
        let opened = metrics.value(
            "slipway_rollout_wave_opened_timestamp_seconds", ["rollout": name])
        let soaked = metrics.value(
            "slipway_rollout_wave_soaked_timestamp_seconds", ["rollout": name])
        #expect(try #require(soaked) - (try #require(opened)) == 3600)
        #expect(metrics.value("slipway_leases_open", ["rollout": name]) == 2)
        #expect(metrics.value("slipway_leases_open", ["rollout": "other"]) == 0)
        for (wave, standing, count) in [
            ("1", "planned", 2), ("1", "open", 2), ("1", "failed", 0), ("2", "planned", 1),
            ("2", "open", 0),
        ] {
            #expect(
                metrics.value(
                    "slipway_wave_devices", ["rollout": name, "wave": wave, "standing": standing])
                    == Double(count), "\(wave) \(standing)")
        }
        #expect(metrics.value("slipway_releases") == 1)
        #expect(metrics.value("slipway_images") == 1)
        let needed = metrics.value("slipway_gate_evidence_needed_log10", ["rollout": name])
        #expect(try abs(#require(needed) - 1.301) < 0.001)
        #expect(
            metrics.value("slipway_gate_evidence_log10", ["rollout": name, "side": "harm"]) == 0)
    }

    @Test func tellsWhyAnOperatorPaused() throws {
        let server = try ServerProcess.withRollout()
        let name = ServerProcess.rolloutName
        let paused = try server.asOperator(.post, "rollouts/\(name)/pause")
        #expect(paused.status == 200)
        let metrics = try server.scrape()
        #expect(
            metrics.value("slipway_rollout_paused", ["rollout": name, "reason": "operator"]) == 1)
        #expect(
            metrics.value("slipway_rollout_paused", ["rollout": name, "reason": "failures"]) == 0)
        #expect(metrics.families["slipway_rollout_wave_opened_timestamp_seconds"] == nil)
    }

    @Test func countsCheckInsByWhatBecameOfThem() throws {
        let server = try ServerProcess.withRollout()
        let path = "/device/v1/check-in"
        let stranger = try server.checkIn(key: .generate(), token: "guess", device: "nobody")
        #expect(try server.send(.post, path, stranger).status == 401)
        #expect(try server.send(.post, path, Array("{".utf8)).status == 400)
        let long = Array(repeating: UInt8(ascii: "x"), count: 65_537)
        #expect(try server.send(.post, path, long).status == 413)

        let metrics = try server.scrape()

        for (result, count) in [
            ("wait", 4.0), ("offer", 2), ("stranger", 1), ("malformed", 1), ("too_long", 1),
            ("failed", 0), ("busy", 0), ("retire", 0),
        ] {
            #expect(
                metrics.value("slipway_check_in_duration_seconds_count", ["result": result])
                    == count, "\(result)")
        }
    }

    /// However many paths, methods and devices there are, series stay few and name nobody.
    @Test func labelsAreBounded() throws {
        let server = try ServerProcess.withRollout()
        for number in 0..<20 {
            _ = try server.send(.get, "/made/up/\(number)")
            _ = try server.asOperator(.get, "devices/gw-\(number)")
        }
        let metrics = try server.scrape()
        let routes = metrics.families["slipway_http_request_duration_seconds"]?.values["route"]
        #expect(routes?.contains("/api/v1/devices/{id}") == true)
        #expect(routes?.contains("none") == true)
        #expect(try #require(routes).allSatisfy { !$0.contains("gw-") && !$0.contains("made") })
        #expect(!metrics.text.contains("gw-0"))
        #expect(
            metrics.value(
                "slipway_http_request_duration_seconds_count",
                ["route": "/api/v1/devices/{id}", "method": "GET", "status": "2xx"]) == 3)
        #expect(
            metrics.value(
                "slipway_http_request_duration_seconds_count",
                ["route": "none", "method": "GET", "status": "4xx"]) == 20)
    }

    @Test func answersOpenMetricsToWhoeverAsksForIt() throws {
        let server = try ServerProcess()
        let answer = try server.send(
            .get, "/metrics",
            headers: [
                ("Authorization", "Bearer \(server.operatorToken)"),
                ("Accept", "application/openmetrics-text; version=1.0.0"),
            ])
        #expect(answer.header("content-type")?.hasPrefix("application/openmetrics-text") == true)
        #expect(String(decoding: answer.body, as: UTF8.self).hasSuffix("# EOF\n"))
    }

    @Test func knowsItsProcessAndItsDisks() throws {
        let metrics = try ServerProcess().scrape()
        #expect(try #require(metrics.value("process_resident_memory_bytes")) > 1_000_000)
        #expect(try #require(metrics.value("process_open_fds")) > 3)
        #expect(
            try #require(metrics.value("process_open_fds"))
                < #require(metrics.value("process_max_fds")))
        #expect(try #require(metrics.value("process_start_time_seconds")) > 1_700_000_000)
        #expect(
            try #require(metrics.value("slipway_store_file_bytes", ["file": "database"])) > 0)
        for folder in ["data", "repository"] {
            let free = try #require(metrics.value("slipway_disk_free_bytes", ["folder": folder]))
            let size = try #require(metrics.value("slipway_disk_size_bytes", ["folder": folder]))
            #expect(0 < free && free <= size)
        }
    }
}

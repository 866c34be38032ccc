import Curl
import Foundation
import OpenSSL
import TestSupport
import Testing

/// What the server sends to an OTLP endpoint.
@Suite struct ExportTests {
    private static func server(_ endpoint: String, _ more: String...) throws -> ServerProcess {
        try ServerProcess.withRollout(["--otlp-endpoint", endpoint] + more)
    }

    private static func collector(_ reply: Reply = .ok(Array("{}".utf8))) throws -> LoopbackServer {
        try LoopbackServer { _ in reply }
    }

    private static func spans(in collector: LoopbackServer) throws -> [CollectedSpan] {
        try collector.requests.filter { $0.target == "/v1/traces" }.flatMap { request in
            try JSONDecoder().decode(CollectedTraces.self, from: Data(request.body)).resourceSpans
                .flatMap { $0.scopeSpans.flatMap(\.spans) }
        }
    }

    @Test func peoplesRequestsAreTracedWithTheirParts() throws {
        let collector = try Self.collector()
        let server = try Self.server(collector.url, "--otlp-sample", "0")
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let answer = try server.send(
            .get, "/api/v1/rollouts",
            headers: [
                ("Authorization", "Bearer \(server.operatorToken)"), ("traceparent", parent),
                ("X-Request-Id", "mine"),
            ])
        #expect(answer.status == 200)
        #expect(server.stop() == 0)

        let spans = try Self.spans(in: collector)
        let whole = try #require(spans.first { $0.parentSpanId == "b7ad6b7169203331" })
        #expect(whole.name == "GET /api/v1/rollouts")
        #expect(whole.traceId == "0af7651916cd43dd8448eb211c80319c")
        #expect(whole.kind == 2)
        #expect(whole.text("slipway.request_id") == "mine")
        #expect(whole.text("http.route") == "/api/v1/rollouts")
        #expect(whole.number("http.response.status_code") == "200")
        let parts = spans.filter { $0.parentSpanId == whole.spanId }
        #expect(parts.map(\.name).contains("store read"))
        for part in parts {
            #expect(part.traceId == whole.traceId)
            #expect(part.start >= whole.start && part.end <= whole.end && part.start <= part.end)
        }
        // Nobody asked for those of devices.
        #expect(!spans.contains { $0.name.contains("check-in") })
        #expect(collector.requests.allSatisfy { $0.header("content-type") == "application/json" })
    }

    @Test func checkInsAreTracedWithTheirSignatures() throws {
        let collector = try Self.collector()
        let server = try Self.server(collector.url, "--otlp-sample", "1")
        #expect(server.stop() == 0)
        let spans = try Self.spans(in: collector)
        let checkIns = spans.filter { $0.name == "POST /device/v1/check-in" }
        #expect(checkIns.count == 6)
        for checkIn in checkIns {
            let parts = spans.filter { $0.parentSpanId == checkIn.spanId }.map(\.name)
            #expect(Set(parts) == ["store read", "signature check", "store write"])
        }
    }

    /// A device cannot make the server record it.
    @Test func aDevicesWishToBeTracedIsNotObeyed() throws {
        let collector = try Self.collector()
        let server = try Self.server(collector.url, "--otlp-sample", "0")
        let message = try server.checkIn(key: .generate(), device: "eager")
        let answer = try server.send(
            .post, "/device/v1/check-in", message,
            headers: [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")])
        #expect(answer.status == 200)
        #expect(server.stop() == 0)
        #expect(try !Self.spans(in: collector).contains { $0.name.contains("check-in") })
    }

    @Test func metricsAreSentWithTheNamesThatAreScraped() throws {
        let collector = try Self.collector()
        let server = try Self.server(collector.url, "--otlp-headers", "x-key=se=cret, x-b = 2")
        let scraped = try server.scrape()
        #expect(server.stop() == 0)
        let requests = collector.requests.filter { $0.target == "/v1/metrics" }
        let last = try #require(requests.last)
        #expect(last.header("x-key") == "se=cret")
        #expect(last.header("x-b") == "2")
        let sent = try JSONDecoder().decode(CollectedMetrics.self, from: Data(last.body))
        let metrics = sent.resourceMetrics.flatMap { $0.scopeMetrics.flatMap(\.metrics) }
        #expect(Set(metrics.map(\.name)).isSuperset(of: scraped.families.keys))
        let checkIns = try #require(
            metrics.first { $0.name == "slipway_check_in_duration_seconds" }?.histogram)
        #expect(checkIns.aggregationTemporality == 2)
        for point in checkIns.dataPoints {
            #expect(point.bucketCounts.count == point.explicitBounds.count + 1)
            let count = point.bucketCounts.compactMap { UInt64($0) }.reduce(0, +)
            #expect(UInt64(point.count) == count)
        }
        #expect(checkIns.dataPoints.compactMap { UInt64($0.count) }.reduce(0, +) == 6)
    }

    /// Requests are answered all the same, and what is lost is counted.
    @Test func anEndpointThatRefusesHoldsUpNobody() throws {
        let collector = try Self.collector(.status("400 Bad Request"))
        let server = try Self.server(collector.url, "--otlp-sample", "1")
        // Once it was refused, the next scrape tells.
        var lost: Double? = 0
        while lost == 0 { lost = try server.scrape().value("slipway_otlp_dropped_spans_total") }
        #expect(try #require(lost) >= 1)
        #expect(
            try #require(
                server.scrape().value(
                    "slipway_otlp_requests_total", ["signal": "traces", "result": "refused"])) >= 1)
        #expect(try server.send(.get, "/healthz").status == 200)
        #expect(server.stop() == 0)
    }

    @Test(arguments: [
        ["--otlp-endpoint", "ftp://x"], ["--otlp-endpoint", "http://u:p@x"],
        ["--otlp-endpoint", "http://x?a=b"],
        ["--otlp-endpoint", "http://x", "--otlp-headers", "k"],
        ["--otlp-sample", "2"], ["--otlp-sample", "nan"], ["--metrics", "all"],
        ["--log-format", "xml"],
    ])
    func refusesSettingsThatMakeNoSense(words: [String]) throws {
        let folder = try ServerProcess.preparedFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let end = try ServerProcess.run("slipway-server", ServerProcess.arguments(folder) + words)
        #expect(end.code == 65, "\(end.words)")
        let setting = words[words.count - 2].dropFirst(2).replacing("-", with: "_")
        #expect(end.words.contains(setting), "\(end.words)")
        #expect(!end.words.contains("u:p"))
    }

    /// The schema of OpenTelemetry itself, which refuses what it does not know.
    @Test func openTelemetrysOwnSchemaTakesWhatIsSent() throws {
        let python = try #require(
            ProcessInfo.processInfo.environment["SLIPWAY_TEST_PYTHON"],
            "run through `make test`, which makes the Python environment")
        let collector = try Self.collector()
        let server = try Self.server(collector.url, "--otlp-sample", "1")
        #expect(server.stop() == 0)
        for request in collector.requests {
            let file = server.folder.appending(path: "body.json")
            try Data(request.body).write(to: file)
            let process = ChildProcess()
            let output = Pipe()
            process.executableURL = URL(filePath: python)
            process.arguments = ["-c", Self.schema, request.target, file.path]
            process.standardOutput = output
            process.standardError = output
            try process.run()
            let said = String(
                decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0, "\(said)")
            #expect(said.hasPrefix("took "), "\(said)")
        }
        #expect(Set(collector.requests.map(\.target)) == ["/v1/traces", "/v1/metrics"])
    }

    /// Ids are hexadecimal in OTLP and base64 in the JSON of protocol buffers: the one difference.
    private static let schema = """
        import base64, json, sys
        from google.protobuf import json_format
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import \\
            ExportTraceServiceRequest
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import \\
            ExportMetricsServiceRequest

        def ids(value):
            if isinstance(value, list):
                return [ids(one) for one in value]
            if not isinstance(value, dict):
                return value
            return {
                name: base64.b64encode(bytes.fromhex(one)).decode()
                if name in ("traceId", "spanId", "parentSpanId") else ids(one)
                for name, one in value.items()}

        kind = {"/v1/traces": ExportTraceServiceRequest, "/v1/metrics": ExportMetricsServiceRequest}
        message = kind[sys.argv[1]]()
        json_format.ParseDict(ids(json.load(open(sys.argv[2]))), message)
        for resource in getattr(message, "resource_spans", []):
            for scope in resource.scope_spans:
                for span in scope.spans:
                    assert len(span.trace_id) == 16 and len(span.span_id) == 8
                    assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
        print("took", message.ByteSize())
        """
}

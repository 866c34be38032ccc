import Curl
import Hummingbird
import TestSupport
import Testing

@testable import Server

/// Which threads requests are answered on.
@Suite struct EventLoopTests {
    /// Nothing else may keep all connections of a loop waiting.
    @Test func onlyCheckInsStayOnTheEventLoop() async throws {
        let router = Router(context: WebServer.Context.self)
        router.add(middleware: LeavingEventLoop())
        for path in ["device/v1/check-in", "repository/metadata/{name}", "api/v1/devices"] {
            router.get("\(path)") { _, context in
                Response(
                    status: .ok,
                    body: ResponseBody(
                        byteBuffer: ByteBuffer(string: "\(context.eventLoop.inEventLoop)")))
            }
        }
        let answers = try await answers(
            of: router,
            to: [
                "device/v1/check-in", "device/v1/check-in?x=1", "repository/metadata/root.json",
                "api/v1/devices",
            ])
        #expect(answers == ["true", "true", "false", "false"])
    }

    private func answers(
        of router: Router<WebServer.Context>, to paths: [String]
    ) async throws -> [String] {
        let edge = Edge(
            limits: EdgeLimits(), proxies: TrustedProxies(), credentials: nil, now: { 0 })
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, server: edge.server(CallerLimits(edge.limits, now: edge.now)),
            configuration: edge.configuration(host: "127.0.0.1", port: 0),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) })
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            var answers: [String] = []
            for await port in ports {
                // The server has to share a few threads with all other tests of this process.
                var patient = HTTPOptions.standard
                patient.stallTimeoutSeconds = 600
                patient.wallTimeoutSeconds = 600
                let http = try HTTPClient(options: patient)
                for path in paths {
                    let response = try await withTaskExecutorPreference(OwnThreads()) {
                        try http.send(
                            Curl.HTTPRequest(
                                method: .get, url: "http://127.0.0.1:\(port)/\(path)", headers: [],
                                body: []),
                            bodyLimitBytes: 65_536)
                    }
                    answers.append(String(decoding: response.body, as: UTF8.self))
                }
                break
            }
            group.cancelAll()
            return answers
        }
    }
}

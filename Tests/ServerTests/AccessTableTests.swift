import Curl
import Foundation
import Hummingbird
import Model
import OpenSSL
import Orchestrator
import Rollouts
import Stores
import TestSupport
import Testing
import Trust
import Wire

@testable import Server

/// Who may call what: the table, the routes, and a real server say the same.
@Suite struct AccessTableTests {
    /// An orchestrator on an empty folder, for what needs one and asks it nothing.
    private static func orchestrator(in folder: URL) throws -> Orchestrator {
        let key = try Ed25519PrivateKey.generate()
        let directory = try RepositoryDirectory(folder: folder.appending(path: "repository"))
        return Orchestrator(
            store: try SQLiteStore(path: folder.appending(path: "slipway.sqlite").path),
            files: directory, images: directory, spool: directory,
            signers: OnlineSigners(snapshot: key, timestamp: key, offer: key),
            cryptography: CryptographySuite(
                checker: OpenSSLSignatureChecker(), hashing: OpenSSLHashing()),
            settings: Orchestrator.Settings(
                checkInSeconds: 60, sharedEnrolmentTokenDigest: nil, limits: .standard),
            zones: SystemTimeZones(), outside: NobodyOutside(),
            now: { Instant(secondsSinceEpoch: 1_800_000_000) },
            makeNonce: { must(Nonce(Hex.encode(try SecureRandom.bytes(16)))) })
    }

    private struct NobodyOutside: OutsideGateProbe {
        func answer(
            _ check: OutsideCheck, about question: OutsideQuestion
        ) async -> OutsideAnswer { .unknown("nobody is outside") }
    }

    private static func temporaryFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(
            at: folder.appending(path: "repository/metadata"), withIntermediateDirectories: true)
        try Data("{}".utf8).write(
            to: folder.appending(path: "repository/metadata/1.root.json"))
        return folder
    }

    @Test func everyManagementRouteStandsInTheTableOnce() throws {
        let folder = try Self.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let router = WebServer.routes(
            try Self.orchestrator(in: folder),
            repositoryPath: folder.appending(path: "repository").path)
        let managed = router.routes.map { ($0.method, $0.path.description) }
            .filter { $0.1.hasPrefix(RoutePermission.prefix) }
            // The description of the interface is for everybody.
            .filter { $0.1 != "\(RoutePermission.prefix)openapi.json" }
        #expect(managed.count > 30)
        for (method, path) in managed {
            #expect(RoutePermission.of(method, path) != nil, "\(method) \(path)")
        }
        let listed = RoutePermission.all.map { "\($0.method) \(RoutePermission.prefix)\($0.path)" }
        #expect(Set(listed).count == listed.count)
        #expect(Set(listed) == Set(managed.map { "\($0.0) \($0.1)" }))
    }

    /// A change that its row calls none would be open to tokens that are bounded to cohorts.
    @Test func onlyReadingChangesNothing() {
        for row in RoutePermission.all {
            let isReading = [.get, .head, .options].contains(row.method)
            #expect((row.change == .nothing) == isReading, "\(row.method) \(row.path)")
        }
    }

    @Test func aRouteThatNobodyListedIsRefused() async throws {
        let folder = try Self.temporaryFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let orchestrator = try Self.orchestrator(in: folder)
        let token = try orchestrator.newTokenText()
        _ = try await orchestrator.adopt(
            Orchestrator.KeptToken(name: must(OperatorName("root")), text: token), [])
        let router = Router(context: WebServer.Context.self)
        router.add(middleware: Answering())
        router.group("api/v1").add(middleware: WhoMay(orchestrator: orchestrator))
            .get("forgotten") { _, _ in Response(status: .ok) }

        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) })
        let statuses = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            var statuses: [Int] = []
            for await port in ports {
                // The server has to share a few threads with all other tests of this process.
                var patient = HTTPOptions.standard
                patient.stallTimeoutSeconds = 600
                patient.wallTimeoutSeconds = 600
                let http = try HTTPClient(options: patient)
                for headers in [[], [("Authorization", "Bearer \(token)")]] {
                    statuses.append(
                        try await withTaskExecutorPreference(OwnThreads()) {
                            try http.send(
                                Curl.HTTPRequest(
                                    method: .get, url: "http://127.0.0.1:\(port)/api/v1/forgotten",
                                    headers: headers, body: []),
                                bodyLimitBytes: 65_536
                            ).status
                        })
                }
                break
            }
            group.cancelAll()
            return statuses
        }
        #expect(statuses == [401, 403])
    }

    // MARK: Every role against every route

    /// A path of the route that names nothing that exists.
    private func path(_ row: RoutePermission) -> String {
        row.path.replacing("{sha256}", with: String(repeating: "a", count: 64))
            .replacing("{version}", with: "9.9").replacing("{id}", with: "nobody")
            .replacing("{name}", with: "nobody").replacing("{webhook}", with: "nobody")
            // A stream from what is yet to come is refused; any other would have no end.
            .replacing("events/stream", with: "events/stream?after=1000000000")
    }

    private func method(_ row: RoutePermission) -> HTTPMethod {
        switch row.method {
        case .get: .get
        case .head: .head
        case .put: .put
        case .post: .post
        case .delete: .delete
        case .patch: .patch
        case .options: .options
        default: preconditionFailure("\(row.method) is tried with no token yet")
        }
    }

    @Test func everyRoleGetsExactlyWhatTheTableSays() throws {
        let server = try ServerProcess()
        func token(_ request: TokenRequest) throws -> String {
            let answer = try server.asOperator(.post, "tokens", request.bytes)
            #expect(answer.status == 201)
            return try NewToken(parsing: answer.body, limitBytes: 65_536).text
        }
        var tokens: [(what: String, text: String, permissions: Set<Permission>)] = []
        for role in AccessRole.allCases {
            let name = must(OperatorName(role.rawValue))
            tokens.append(
                (role.rawValue, try token(TokenRequest(name: name, role: role)), role.permissions))
        }
        for permission in Permission.allCases {
            let name = must(OperatorName("only"))
            let request = TokenRequest(name: name, role: .admin, actions: [permission])
            tokens.append((permission.rawValue, try token(request), [permission]))
        }
        var tried = 0
        for row in RoutePermission.all {
            let path = "/api/v1/\(path(row))"
            #expect(try server.send(method(row), path).status == 401, "\(path)")
            for (what, text, permissions) in tokens {
                let status = try server.send(
                    method(row), path, headers: [("Authorization", "Bearer \(text)")]
                ).status
                let may = row.permission.map { permissions.contains($0) } ?? true
                #expect((status == 403) == !may, "\(what): \(row.method) \(path): \(status)")
                #expect(status != 401 && status < 500, "\(what): \(path): \(status)")
                tried += 1
            }
        }
        #expect(tried == RoutePermission.all.count * tokens.count && tried > 500)
    }
}

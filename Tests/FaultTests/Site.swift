import Foundation
import Synchronization
import TestSupport
import Testing

/// One repository, one database, and the servers on them.
final class Site: Sendable {
    /// What the servers keep their books in.
    enum Engine: String, CaseIterable, CustomTestStringConvertible {
        case sqlite, postgres
        var testDescription: String { rawValue }
    }

    let folder: URL
    let servers: [FaultServer]
    let database: Database
    /// Of the first server, but for its port.
    let arguments: [String]
    /// Where each server listens now; `nil` while it does not.
    private let addresses: Mutex<[String?]>

    /// Makes a repository by `slipway repo init`, and starts the servers.
    ///
    /// - Parameters:
    ///   - prepare: Called with the folder before anything is started.
    ///   - more: Further arguments of the servers.
    init(
        _ engine: Engine, serverCount: Int = 1, more: [String] = [],
        prepare: (URL) throws -> Void = { _ in }
    ) throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "site-\(UUID().uuidString.prefix(8))")
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let made = try Programs.run(
            "slipway", ["repo", "init", folder.appending(path: "acme").path])
        guard made.code == 0 else { throw FaultServer.Problem(description: made.words) }
        try prepare(folder)
        database = try Database(engine, folder)
        let store = database.storeArguments
        arguments = Self.arguments(folder, 0) + store + more
        servers = (0..<serverCount).map { number in
            FaultServer(
                Self.arguments(folder, number) + store + more,
                log: folder.appending(path: "server-\(number).log"))
        }
        addresses = Mutex(Array(repeating: nil, count: serverCount))
        for index in servers.indices { try start(index) }
    }

    deinit {
        for server in servers { server.kill() }
        try? FileManager.default.removeItem(at: folder)
    }

    private static func arguments(_ folder: URL, _ number: Int) -> [String] {
        [
            "--data", folder.appending(path: number == 0 ? "data" : "data-\(number)").path,
            "--repository", folder.appending(path: "acme/repository").path,
            "--online-keys", folder.appending(path: "acme/keys/online").path,
            "--check-in-seconds", "7", "--step-milliseconds", "50",
            // All of the load comes from one address, and some of it in a hurry.
            "--address-requests-per-second", "0", "--device-check-ins-per-minute", "0",
            "--address-failures-per-minute", "0", "--device-failures-per-minute", "0",
            "--quarantine-after", "1000", "--webhooks", "http://127.0.0.1:1/",
        ]
    }

    func start(_ index: Int) throws {
        let address = try servers[index].start()
        addresses.withLock { $0[index] = address }
    }

    func kill(_ index: Int) {
        addresses.withLock { $0[index] = nil }
        servers[index].kill()
    }

    /// Where a server listens; `nil` while none does.
    func address(_ pick: Int) -> String? {
        addresses.withLock { addresses in
            let up = addresses.compactMap(\.self)
            return up.isEmpty ? nil : up[pick % up.count]
        }
    }

    func isUp(_ address: String) -> Bool { addresses.withLock { $0.contains(address) } }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    var operatorToken: String {
        ((try? String(contentsOfFile: path("data/operator-token"), encoding: .utf8)) ?? "")
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// What `slipway` is told of where to ask, and by what right.
    func commandArguments(_ address: String) -> [String] {
        ["--server", address, "--token-file", path("data/operator-token")]
    }
}

/// The servers' database, looked at by the engine's own program.
struct Database: Sendable {
    let engine: Site.Engine
    private let file: String
    private let postgres: (server: PostgresServer, address: String)?

    init(_ engine: Site.Engine, _ folder: URL) throws {
        self.engine = engine
        file = folder.appending(path: "data/slipway.sqlite").path
        switch engine {
        case .sqlite: postgres = nil
        case .postgres:
            let server = try PostgresServer(isDurable: true)
            postgres = (server, try server.makeDatabase())
        }
    }

    var storeArguments: [String] { postgres.map { ["--store", $0.address] } ?? [] }

    /// What `slipway-server check` is told of where it is.
    var checkArguments: [String] {
        storeArguments.isEmpty
            ? ["--data", URL(filePath: file).deletingLastPathComponent().path] : storeArguments
    }

    /// The rows of a query in the dialect that both engines share; `null` is the empty text.
    func rows(_ query: String) throws -> [[String]] {
        let text =
            if let postgres {
                try postgres.server.query(postgres.address, query)
            } else {
                try Programs.succeed([
                    "sqlite3", "-batch", "-bail", "-init", "/dev/null", "-cmd", ".timeout 10000",
                    "-readonly", file, query,
                ])
            }
        return text.split(separator: "\n").map { line in
            line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        }
    }
}

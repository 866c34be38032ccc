internal import ArgumentParser
import Foundation
internal import Logging
internal import Model
internal import OpenSSL
internal import Orchestrator
internal import Server
internal import ServiceLifecycle
internal import Stores
internal import Trust
internal import UnixSignals

/// The orchestrator as one process: reads settings and clock, and wires the parts together.
@main struct SlipwayServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slipway-server",
        abstract: "Serve a fleet: check-ins, rollouts, and the signed repository.",
        discussion: """
            Settings come from --config FILE (JSON), then from the environment (SLIPWAY_DATA and \
            so on), then from flags; the later wins.

            Exit codes: 0 stopped in order; 64 wrong usage; 65 bad configuration, keys or data; \
            69 the address cannot be used; 73 a file cannot be written.
            """)

    @Option(help: "A JSON file with settings.") var config: String?
    @Option(help: "The folder of database and tokens.") var data: String?
    @Option(help: "The repository's folder.") var repository: String?
    @Option(help: "The folder of snapshot.pem, timestamp.pem and offer.pem.")
    var onlineKeys: String?
    @Option(help: "The address to listen on (127.0.0.1).") var host: String?
    @Option(help: "The port to listen on (8480); 0 takes any that is free.") var port: String?
    @Option(help: "How long idle devices wait between check-ins (300).")
    var checkInSeconds: String?
    @Option(help: "After how many failures in a row a device gets no more offers.")
    var quarantineAfter: String?
    @Option(help: "true: devices that nobody planned may ask an operator to take them in (false).")
    var manualApproval: String?
    @Option(help: "How often rollouts are looked at (500).") var stepMilliseconds: String?
    @Option(help: "trace, debug, info, notice, warning, error or critical (info).")
    var logLevel: String?
    @Option(help: "The Prometheus server that gates may ask.") var prometheus: String?
    @Option(help: "Addresses, separated by commas, below which gates may call web hooks.")
    var webhooks: String?
    @Option(help: "The folder of programs that gates may run.") var gateCommands: String?

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var server = command as? SlipwayServer {
                try await server.run()
            } else {
                try command.run()
            }
        } catch let problem as ServerProblem {
            FileHandle.standardError.write(Data("slipway-server: \(problem)\n".utf8))
            exit(withError: ExitCode(problem.exitCode))
        } catch { exit(withError: error) }
    }

    mutating func run() async throws {
        let settings = try settings()
        guard let level = Logger.Level(rawValue: settings.logLevel) else {
            throw ServerProblem.configuration("log_level: \"\(settings.logLevel)\" is not a level")
        }
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        let logger = Self.logger(at: level)

        let folder = try DataFolder(settings.data, repository: settings.repository)
        let orchestrator = try await orchestrator(settings, folder)
        let application = WebServer.application(
            orchestrator, repositoryPath: folder.repository.path, host: settings.host,
            port: settings.port, logger: logger
        ) { port in
            folder.announce(host: settings.host, port: port, logger: logger)
        }
        let stepping = SteppingService(
            orchestrator: orchestrator, period: .milliseconds(settings.stepMilliseconds),
            logger: logger)
        let asking = OutsideChecksService(orchestrator: orchestrator, logger: logger)
        let group = ServiceGroup(
            services: [application, stepping, asking],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger)
        do { try await group.run() } catch {
            throw ServerProblem.address("\(settings.host):\(settings.port)", "\(error)")
        }
    }

    private static func logger(at level: Logger.Level) -> Logger {
        var logger = Logger(label: "slipway-server")
        logger.logLevel = level
        return logger
    }

    private func settings() throws -> ServerSettings {
        var settings = ServerSettings()
        do {
            if let config {
                guard let bytes = FileManager.default.contents(atPath: config) else {
                    throw ServerProblem.configuration("\(config): there is no such file")
                }
                do { try settings.take(file: Array(bytes)) } catch {
                    throw ServerProblem.configuration("\(config): \(error)")
                }
            }
            try settings.take(environment: ProcessInfo.processInfo.environment)
            let flags: [(ServerSettings.Key, String?)] = [
                (.data, data), (.repository, repository), (.onlineKeys, onlineKeys),
                (.host, host), (.port, port), (.checkInSeconds, checkInSeconds),
                (.quarantineAfter, quarantineAfter), (.manualApproval, manualApproval),
                (.stepMilliseconds, stepMilliseconds), (.logLevel, logLevel),
                (.prometheus, prometheus), (.webhooks, webhooks), (.gateCommands, gateCommands),
            ]
            for (key, text) in flags { if let text { try settings.set(key, text) } }
        } catch let problem as ServerSettings.Problem {
            throw ServerProblem.configuration("\(problem)")
        }
        return settings
    }

    private func orchestrator(
        _ settings: ServerSettings, _ folder: DataFolder
    ) async throws -> Orchestrator {
        let hashing = OpenSSLHashing()
        do {
            let orchestrator = Orchestrator(
                store: try SQLiteStore(path: folder.database.path),
                files: try RepositoryDirectory(folder: folder.repository),
                signers: try OnlineKeys.read(settings.onlineKeys),
                cryptography: CryptographySuite(
                    checker: OpenSSLSignatureChecker(), hashing: hashing),
                settings: Orchestrator.Settings(
                    checkInSeconds: settings.checkInSeconds,
                    enrolmentTokenDigest: hashing.sha256(
                        Array(try folder.token("enrolment-token").utf8)),
                    operatorTokenDigests: try folder.operators().mapValues {
                        hashing.sha256(Array($0.utf8))
                    },
                    limits: .standard, quarantineAfter: settings.quarantineAfter,
                    takesApplications: settings.manualApproval),
                zones: SystemTimeZones(), outside: try OutsideGates(settings),
                now: { Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970)) },
                makeNonce: {
                    guard let nonce = Nonce(Hex.encode(try SecureRandom.bytes(16))) else {
                        preconditionFailure("32 digits are a name")
                    }
                    return nonce
                })
            try await orchestrator.openRepository()
            try await orchestrator.excuseAbsence()
            return orchestrator
        } catch let error as StoreError {
            throw ServerProblem.data("\(error)")
        } catch let error as Refusal { throw ServerProblem.data("\(error)") }
    }
}

internal import ArgumentParser
import Foundation
internal import Logging
internal import Model
internal import OpenSSL
internal import Orchestrator
internal import Programs
internal import Server
internal import ServiceLifecycle
internal import Stores
internal import Trust
internal import UnixSignals

/// The orchestrator as one process: reads settings and clock, and wires the parts together.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
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
    @Option(help: "A PostgreSQL database, as postgres://…; else a file in the folder of data.")
    var store: String?
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
    @Option(
        help: "Addresses, separated by commas, below which gates and events may call web hooks.")
    var webhooks: String?
    @Option(help: "The folder of programs that gates may run.") var gateCommands: String?
    @Option(help: "Who may read /metrics: off, loopback, token (the default) or open.")
    var metrics: String?
    @Option(help: "How the log is written: text (the default) or json.") var logFormat: String?
    @Option(help: "Where OTLP traces and metrics go, such as http://127.0.0.1:4318.")
    var otlpEndpoint: String?
    @Option(help: "Headers for that: name=value, separated by commas.") var otlpHeaders: String?
    @Option(help: "Which part of requests that do not come from people is traced (0.01).")
    var otlpSample: String?
    @Option(
        help: """
            Where images lie: directory, s3://BUCKET/PREFIX, or the address of a CDN that serves \
            the repository's folder (directory).
            """)
    var images: String?
    @Option(help: "The address of a service that speaks S3's protocol; without it, AWS.")
    var s3Endpoint: String?
    @Option(help: "The bucket's region (us-east-1).") var s3Region: String?
    @Option(help: "A file with the bucket's key, as AWS's own tools have it.")
    var s3CredentialsFile: String?
    @Flag(
        inversion: .prefixedNo,
        help: "Let every device enrol that shows what is in the file enrolment-token.")
    var sharedEnrolmentToken: Bool?
    @Option(help: "The OpenID provider that vouches for people.") var oidcIssuer: String?
    @Option(help: "What its tokens for this server are issued for.") var oidcAudience: String?
    @Option(help: "The claim that tells what somebody is (roles), with dots for inner members.")
    var oidcRolesClaim: String?
    @Option(help: "The role of each word of that claim, such as staff=viewer,boss=admin.")
    var oidcRoles: String?
    @Option(help: "The claim that tells who somebody is (sub).") var oidcNameClaim: String?
    @Option(help: "A file with the provider's keys, so that it is not asked for them.")
    var oidcKeysFile: String?
    @OptionGroup(title: "Network") var network: EdgeOptions

    mutating func run() async throws {
        FreedMemory.keep(bytes: 32 << 20, longest: 1 << 20)
        let settings = try settings()
        guard let level = Logger.Level(rawValue: settings.logLevel) else {
            throw ServerProblem.configuration("log_level: \"\(settings.logLevel)\" is not a level")
        }
        let telemetry = ServerTelemetry(settings)
        telemetry.bootstrapLogging()
        let logger = Self.logger(at: level)

        let edge = try Edge(settings.edge, logger: logger)
        let folder = try DataFolder(settings.data, repository: settings.repository)
        let observatory = telemetry.observatory
        let orchestrator = try await orchestrator(settings, folder, observatory)
        let report = telemetry.report(orchestrator, folder, logger: logger)
        let exporter = try telemetry.exporter(report, logger: logger)
        let application = WebServer.application(
            orchestrator, repositoryPath: folder.repository.path, host: settings.host,
            port: settings.port, edge: edge, logger: logger,
            monitoring: Monitoring(observatory, report, access: settings.metrics)
        ) { port in
            folder.announce(edge.scheme, host: settings.host, port: port, logger: logger)
        }
        let seat = try SteppingSeat.ofThisProcess()
        let tending = LeaseService(
            orchestrator: orchestrator, seat: seat, observatory: observatory, logger: logger)
        let stepping = SteppingService(
            orchestrator: orchestrator, seat: seat, observatory: observatory,
            period: .milliseconds(settings.stepMilliseconds), logger: logger)
        let asking = OutsideChecksService(
            orchestrator: orchestrator, seat: seat, logger: logger)
        let delivering = WebHookService(
            orchestrator: orchestrator, seat: seat, observatory: observatory, logger: logger)
        // Stopped in the opposite order, so that the last spans are sent, too, and that the lease is
        // given up when nothing is done by it any more.
        var services: [any Service] =
            (exporter.map { [$0] } ?? [])
            + [
                AuditService(orchestrator: orchestrator, logger: logger), application, tending,
                stepping, asking, delivering,
            ]
        if let credentials = edge.credentials {
            services.append(CertificateService(credentials: credentials, logger: logger))
        }
        let group = ServiceGroup(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        do { try await group.run() } catch {
            throw ServerProblem.address("\(settings.host):\(settings.port)", "\(error)")
        }
    }

    private static func logger(at level: Logger.Level) -> Logger {
        var logger = Logger(label: "slipway-server")
        logger.logLevel = level
        return logger
    }

    func settings() throws -> ServerSettings {
        let flags: [(ServerSettings.Key, String?)] = [
            (.data, data), (.repository, repository), (.store, store),
            (.onlineKeys, onlineKeys),
            (.host, host), (.port, port), (.checkInSeconds, checkInSeconds),
            (.quarantineAfter, quarantineAfter), (.manualApproval, manualApproval),
            (.stepMilliseconds, stepMilliseconds), (.logLevel, logLevel),
            (.prometheus, prometheus), (.webhooks, webhooks), (.gateCommands, gateCommands),
            (.metrics, metrics), (.logFormat, logFormat), (.otlpEndpoint, otlpEndpoint),
            (.otlpHeaders, otlpHeaders), (.otlpSample, otlpSample),
            (.images, images), (.s3Endpoint, s3Endpoint), (.s3Region, s3Region),
            (.s3CredentialsFile, s3CredentialsFile),
            (.sharedEnrolmentToken, sharedEnrolmentToken.map { "\($0)" }),
            (.oidcIssuer, oidcIssuer), (.oidcAudience, oidcAudience),
            (.oidcRolesClaim, oidcRolesClaim), (.oidcRoles, oidcRoles),
            (.oidcNameClaim, oidcNameClaim), (.oidcKeysFile, oidcKeysFile),
        ]
        return try .gathered(config: config, flags: flags + network.values)
    }

    private func orchestrator(
        _ settings: ServerSettings, _ folder: DataFolder, _ observatory: Observatory
    ) async throws -> Orchestrator {
        let hashing = OpenSSLHashing()
        let outside = try OutsideGates(settings)
        do {
            let repository = try Repository(settings, folder.repository)
            var orchestrator = Orchestrator(
                store: MeasuredStore(try settings.openStore(in: folder), observatory),
                files: repository.directory, images: repository.images,
                spool: repository.directory,
                signers: try OnlineKeys.read(settings.onlineKeys),
                cryptography: CryptographySuite(
                    checker: MeasuredChecker(QuickSignatureChecker(), observatory),
                    hashing: hashing),
                settings: Orchestrator.Settings(
                    checkInSeconds: settings.checkInSeconds,
                    sharedEnrolmentTokenDigest: settings.sharedEnrolmentToken
                        ? hashing.sha256(Array(try folder.sharedEnrolmentToken().utf8)) : nil,
                    limits: .standard, quarantineAfter: settings.quarantineAfter,
                    trustedWebHooks: outside.webHooks,
                    takesApplications: settings.manualApproval),
                zones: SystemTimeZones(),
                outside: TracedGates(gates: outside, observatory: observatory),
                now: { .now },
                makeNonce: { try Nonce.random() })
            orchestrator.identityProvider = try OIDCSettings(settings)
                .map { try OIDCProvider($0) }
            try await repository.check()
            try await orchestrator.openRepository()
            try await orchestrator.excuseAbsence()
            try await FirstTokens(folder: folder, orchestrator: orchestrator).make()
            return orchestrator
        } catch let error as StoreError {
            throw ServerProblem.data("\(error)")
        } catch let error as Refusal { throw ServerProblem.data("\(error)") }
    }
}

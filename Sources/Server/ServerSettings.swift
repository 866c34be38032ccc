internal import JSON

/// What the person who runs a server decides, from file, environment and flags.
///
/// Each later source wins over the earlier ones. What none names keeps its default.
public struct ServerSettings: Hashable, Sendable {
    public var data: String?
    public var repository: String?
    /// The address of a PostgreSQL database; without one, there is a file in the folder of ``data``.
    public var store: String?
    public var onlineKeys: String?
    public var host = "127.0.0.1"
    public var port = 8480
    public var checkInSeconds = 300
    /// After how many failures in a row a device gets no more offers.
    public var quarantineAfter = 5
    /// Whether devices without a token that nobody planned may wait for an operator's word.
    public var manualApproval = false
    public var stepMilliseconds = 500
    public var logLevel = "info"
    /// The address of the Prometheus server that gates may ask.
    public var prometheus: String?
    /// Addresses, separated by commas, at or below which gates may call web hooks, and to which
    /// events may go though they are in a private network or have no TLS.
    public var webhooks: String?
    /// The folder of programs that gates may run.
    public var gateCommands: String?
    /// Where images lie: `directory`, `s3://bucket/prefix`, or the address of a content delivery
    /// network that serves the directory.
    public var images = "directory"
    /// The address of a service that speaks S3's protocol; `nil` for AWS.
    public var s3Endpoint: String?
    public var s3Region = "us-east-1"
    /// A file with the key of the bucket, as AWS's own tools have it.
    public var s3CredentialsFile: String?
    /// Whether every new device may enrol by the token in the file `enrolment-token`.
    public var sharedEnrolmentToken = false
    /// The OpenID provider that vouches for people; `nil` for none.
    public var oidcIssuer: String?
    /// What its tokens for this server are issued for.
    public var oidcAudience: String?
    /// Which claim tells what somebody is; names of members, separated by dots.
    public var oidcRolesClaim = "roles"
    /// The role of each word of that claim, such as `fleet-admins=admin,staff=viewer`.
    public var oidcRoles: String?
    /// Which claim tells who somebody is.
    public var oidcNameClaim = "sub"
    /// A file with the provider's keys; `nil` to ask it for them.
    public var oidcKeysFile: String?
    /// How the server meets the network.
    public var edge = EdgeSettings()

    /// Who may read the metrics.
    public var metrics = MetricsAccess.token
    public var logFormat = LogFormat.text
    /// The address below which `v1/traces` and `v1/metrics` take what is seen of the server.
    public var otlpEndpoint: String?
    /// `name=value`, separated by commas: headers that the endpoint wants.
    public var otlpHeaders: String?
    /// Of the requests that do not come from people, which part is traced; 0 to 1.
    public var otlpSample = 0.01

    public init() {}

    /// How the log is written, always one line for one thing.
    public enum LogFormat: String, Hashable, Sendable, CaseIterable {
        /// `name=value`, for people.
        case text
        case json
    }

    /// The keys of the file; the environment has the same in capitals after `SLIPWAY_`.
    public enum Key: String, Hashable, Sendable, CaseIterable {
        case data
        case repository
        case store
        case onlineKeys = "online_keys"
        case host
        case port
        case checkInSeconds = "check_in_seconds"
        case quarantineAfter = "quarantine_after"
        case manualApproval = "manual_approval"
        case stepMilliseconds = "step_milliseconds"
        case logLevel = "log_level"
        case prometheus
        case webhooks
        case gateCommands = "gate_commands"
        case metrics
        case logFormat = "log_format"
        case otlpEndpoint = "otlp_endpoint"
        case otlpHeaders = "otlp_headers"
        case otlpSample = "otlp_sample"
        case images
        case s3Endpoint = "s3_endpoint"
        case s3Region = "s3_region"
        case s3CredentialsFile = "s3_credentials_file"
        case sharedEnrolmentToken = "shared_enrolment_token"
        case oidcIssuer = "oidc_issuer"
        case oidcAudience = "oidc_audience"
        case oidcRolesClaim = "oidc_roles_claim"
        case oidcRoles = "oidc_roles"
        case oidcNameClaim = "oidc_name_claim"
        case oidcKeysFile = "oidc_keys_file"
        case tlsCertificate = "tls_certificate"
        case tlsKey = "tls_key"
        case tlsClient = "tls_client"
        case tlsClientAuthority = "tls_client_ca"
        case trustedProxies = "trusted_proxies"
        case forwardedHeader = "forwarded_header"
        case addressRequestsPerSecond = "address_requests_per_second"
        case addressFailuresPerMinute = "address_failures_per_minute"
        case deviceCheckInsPerMinute = "device_check_ins_per_minute"
        case deviceFailuresPerMinute = "device_failures_per_minute"
        case connections
        case connectionsPerAddress = "connections_per_address"
        case headSeconds = "head_seconds"
        case idleSeconds = "idle_seconds"
        case bodySeconds = "body_seconds"
        case bodyBytesPerSecond = "body_bytes_per_second"
        case answerSeconds = "answer_seconds"
        case stalledReaderSeconds = "stalled_reader_seconds"
        case shutdownSeconds = "shutdown_seconds"
        case headBytes = "head_bytes"
        case headerCount = "header_count"

        public var variable: String { "SLIPWAY_\(rawValue.uppercased())" }
    }

    /// A setting that cannot be used.
    public struct Problem: Error, Hashable, CustomStringConvertible {
        public let description: String
    }

    /// Takes over what a configuration file says, JSON with the keys of ``Key``.
    public mutating func take(file bytes: [UInt8]) throws(Problem) {
        do {
            let value = try JSONValue(parsing: bytes, limits: .standard(bytes: 65_536))
            let fields = try JSONFields(value)
            try fields.refuseMembers(otherThan: Set(Key.allCases.map(\.rawValue)))
            for key in Key.allCases {
                switch fields.optionalValue(key.rawValue) {
                case .none: continue
                case .some(.integer(let number)): try set(key, "\(number)")
                case .some(.bool(let answer)): try set(key, "\(answer)")
                case .some: try set(key, fields.string(key.rawValue))
                }
            }
        } catch { throw Problem(description: "\(error)") }
    }

    /// Takes over the variables that are set.
    public mutating func take(environment: [String: String]) throws(Problem) {
        for key in Key.allCases {
            guard let text = environment[key.variable] else { continue }
            do { try set(key, text) } catch {
                throw Problem(description: "\(key.variable): \(error)")
            }
        }
    }

    /// Sets one setting from its text.
    public mutating func set(_ key: Key, _ text: String) throws(Problem) {
        switch key {
        case .data: data = text
        case .repository: repository = text
        case .store: store = try Self.postgres(text)
        case .onlineKeys: onlineKeys = text
        case .host: host = text
        case .port: port = try Self.number(key, text, 0...65_535)
        case .checkInSeconds: checkInSeconds = try Self.number(key, text, 1...604_800)
        case .quarantineAfter: quarantineAfter = try Self.number(key, text, 1...1000)
        case .manualApproval: manualApproval = try Self.answer(key, text)
        case .stepMilliseconds: stepMilliseconds = try Self.number(key, text, 10...3_600_000)
        case .logLevel: logLevel = text
        case .prometheus: prometheus = text
        case .webhooks: webhooks = text
        case .gateCommands: gateCommands = text
        case .metrics: metrics = try Self.word(key, text)
        case .logFormat: logFormat = try Self.word(key, text)
        case .otlpEndpoint: otlpEndpoint = text
        case .otlpHeaders: otlpHeaders = text
        case .otlpSample: otlpSample = try Self.part(key, text)
        case .images: images = text
        case .s3Endpoint: s3Endpoint = text
        case .s3Region: s3Region = text
        case .s3CredentialsFile: s3CredentialsFile = text
        case .sharedEnrolmentToken: sharedEnrolmentToken = try Self.answer(key, text)
        case .oidcIssuer: oidcIssuer = text
        case .oidcAudience: oidcAudience = text
        case .oidcRolesClaim: oidcRolesClaim = text
        case .oidcRoles: oidcRoles = text
        case .oidcNameClaim: oidcNameClaim = text
        case .oidcKeysFile: oidcKeysFile = text
        case .tlsCertificate: edge.certificate = text
        case .tlsKey: edge.key = text
        case .tlsClient: edge.clients = try Self.word(key, text)
        case .tlsClientAuthority: edge.clientAuthority = text
        case .trustedProxies:
            guard let ranges = TrustedProxies.ranges(text) else {
                throw Problem(
                    description:
                        "\(key.rawValue): \"\(text)\" is not a list of addresses and ranges"
                        + " such as 10.0.0.0/8, 2001:db8::1")
            }
            edge.trustedProxies = ranges
        case .forwardedHeader: edge.forwardedHeader = try Self.word(key, text)
        case .addressRequestsPerSecond:
            edge.limits.addressRequestsPerSecond = try Self.number(key, text, 0...1_000_000)
        case .addressFailuresPerMinute:
            edge.limits.addressFailuresPerMinute = try Self.number(key, text, 0...1_000_000)
        case .deviceCheckInsPerMinute:
            edge.limits.deviceCheckInsPerMinute = try Self.number(key, text, 0...1_000_000)
        case .deviceFailuresPerMinute:
            edge.limits.deviceFailuresPerMinute = try Self.number(key, text, 0...1_000_000)
        case .connections: edge.limits.connections = try Self.number(key, text, 16...1_000_000)
        case .connectionsPerAddress:
            edge.limits.connectionsPerAddress = try Self.number(key, text, 1...1_000_000)
        case .headSeconds: edge.limits.headSeconds = try Self.number(key, text, 1...3600)
        case .idleSeconds: edge.limits.idleSeconds = try Self.number(key, text, 1...3600)
        case .bodySeconds: edge.limits.bodySeconds = try Self.number(key, text, 1...3600)
        case .bodyBytesPerSecond:
            edge.limits.bodyBytesPerSecond = try Self.number(key, text, 1...1_000_000)
        case .answerSeconds: edge.limits.answerSeconds = try Self.number(key, text, 1...3600)
        case .stalledReaderSeconds:
            edge.limits.stalledReaderSeconds = try Self.number(key, text, 1...3600)
        case .shutdownSeconds: edge.limits.shutdownSeconds = try Self.number(key, text, 1...3600)
        case .headBytes: edge.limits.headBytes = try Self.number(key, text, 1024...1_048_576)
        case .headerCount: edge.limits.headerCount = try Self.number(key, text, 8...10_000)
        }
    }

    private static func word<Word: CaseIterable & RawRepresentable<String>>(
        _ key: Key, _ text: String
    ) throws(Problem) -> Word {
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(description: "\(key.rawValue): \"\(text)\" is none of \(words)")
        }
        return word
    }

    private static func part(_ key: Key, _ text: String) throws(Problem) -> Double {
        guard let part = Double(text), (0...1).contains(part) else {
            throw Problem(description: "\(key.rawValue): \"\(text)\" is not a part from 0 to 1")
        }
        return part
    }

    private static func answer(_ key: Key, _ text: String) throws(Problem) -> Bool {
        guard let answer = Bool(text) else {
            throw Problem(description: "\(key.rawValue): \"\(text)\" is neither true nor false")
        }
        return answer
    }

    private static func postgres(_ text: String) throws(Problem) -> String {
        guard text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") else {
            // What was written may hold a password, and is not repeated.
            throw Problem(description: "store: a database's address begins with postgres://")
        }
        return text
    }

    private static func number(
        _ key: Key, _ text: String, _ range: ClosedRange<Int>
    ) throws(Problem) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw Problem(
                description: "\(key.rawValue): \"\(text)\" is not a number from"
                    + " \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

internal import Agent
internal import Curl
internal import JSON
internal import Model
internal import Slots

/// How a device reaches its server and the mirrors of its repository, from its configuration.
struct NetworkSettings {
    let server: String
    /// Base URLs of folders with `metadata` and `targets`, in the order in which to ask them.
    let mirrors: [String]
    /// For messages; images are kept below ``maximumBytesPerSecond`` besides.
    let options: HTTPOptions
    let maximumBytesPerSecond: Int64?
    let policy: FetchPolicy
    let meter: LinkMeter

    static let keys: Set<String> = Set([
        "server", "mirrors", "proxy", "no_proxy", "ca_file", "client_certificate", "client_key",
        "client_key_passphrase_file", "interface", "maximum_bytes_per_second", "stall_seconds",
        "connect_timeout_seconds", "metered_command", "metered_file",
    ]).union(FetchPolicy.keys)

    /// - Throws: ``JSONShapeError``, or ``SlotError`` for a file that cannot be read.
    init(_ fields: JSONFields) throws {
        server = try Self.base(fields.string("server"), fields, "server")
        mirrors = try fields.words("mirrors").map { try Self.base($0, fields, "mirrors") }
        maximumBytesPerSecond = try fields.optionalInteger(
            "maximum_bytes_per_second", in: 1...Int64.max)
        policy = try FetchPolicy(fields)
        meter = LinkMeter(
            command: try fields.words("metered_command"),
            file: try fields.optionalString("metered_file"))
        options = try Self.options(fields)
    }

    private static func options(_ fields: JSONFields) throws -> HTTPOptions {
        var options = HTTPOptions.standard
        options.userAgent = "slipway-agent"
        options.stallTimeoutSeconds = try Int(
            fields.optionalInteger("stall_seconds", in: 1...3600) ?? 30)
        options.connectTimeoutSeconds = try Int(
            fields.optionalInteger("connect_timeout_seconds", in: 1...3600) ?? 10)
        options.proxy = try proxy(fields)
        if fields.optionalValue("no_proxy") != nil {
            options.hostsWithoutProxy = try fields.words("no_proxy")
        }
        options.authorityPath = try fields.optionalString("ca_file")
        options.interface = try interface(fields)
        options.clientCertificate = try clientCertificate(fields)
        return options
    }

    /// A URL of HTTP without the slash at its end, so that paths can be put behind it.
    private static func base(
        _ url: String, _ fields: JSONFields, _ name: String
    ) throws -> String {
        guard url.hasPrefix("http://") || url.hasPrefix("https://"),
            url.utf8.allSatisfy({ $0 > 32 && $0 < 127 && !"?#".utf8.contains($0) })
        else { throw fields.refused(name, "a URL that begins with http:// or https://") }
        return url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    /// `"none"` is no proxy, whatever the environment says.
    private static func proxy(_ fields: JSONFields) throws -> HTTPProxy {
        guard let text = try fields.optionalString("proxy") else { return .fromEnvironment }
        if text == "none" { return .none }
        guard let address = ProxyAddress(text) else {
            let schemes = ProxyAddress.schemes.joined(separator: ", ")
            throw fields.refused("proxy", "none, or a URL with one of the schemes \(schemes)")
        }
        return .through(address)
    }

    private static func interface(_ fields: JSONFields) throws -> String? {
        guard let name = try fields.optionalString("interface") else { return nil }
        // Linux allows 15 bytes, and neither slashes nor spaces.
        guard (1...15).contains(name.utf8.count),
            name.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "/") })
        else { throw fields.refused("interface", "the name of a network interface") }
        return name
    }

    private static func clientCertificate(_ fields: JSONFields) throws -> ClientCertificate? {
        guard let path = try fields.optionalString("client_certificate") else {
            for name in ["client_key", "client_key_passphrase_file"]
            where fields.optionalValue(name) != nil {
                throw fields.refused(name, "a client_certificate beside it")
            }
            return nil
        }
        return ClientCertificate(
            certificatePath: path, keyPath: try fields.optionalString("client_key") ?? path,
            passphrase: try passphrase(at: fields.optionalString("client_key_passphrase_file")))
    }

    /// The first line of the file.
    private static func passphrase(at path: String?) throws -> String {
        guard let path else { return "" }
        guard let bytes = try DurableFile.read(path) else { throw SlotError.missing(path: path) }
        return String(decoding: bytes.prefix { $0 != 0x0a && $0 != 0x0d }, as: UTF8.self)
    }
}

extension NetworkSettings: FetchGate {
    func decision(at now: Instant, bytes: Int64) -> FetchPolicy.Decision {
        policy.decision(at: now, link: meter.link(), bytes: bytes)
    }
}

/// How fast an ``HTTPClient`` goes about its exchanges, by which way, and whom it trusts.
public struct HTTPOptions: Hashable, Sendable {
    /// The longest that finding and connecting to a server may take.
    public var connectTimeoutSeconds: Int
    /// An exchange that moves next to nothing for so long is given up.
    public var stallTimeoutSeconds: Int
    /// The longest that a whole exchange may take; downloads and uploads have no such bound.
    public var wallTimeoutSeconds: Int
    /// The speed that receiving is kept below; `nil` for as fast as it comes.
    public var maximumReceiveBytesPerSecond: Int64?
    public var userAgent: String
    public var proxy = HTTPProxy.fromEnvironment
    /// Hosts and domains that are asked without the proxy; `nil` for those of the environment.
    ///
    /// A proxy that is not from the environment knows no exceptions from there either.
    public var hostsWithoutProxy: [String]?
    /// The name of the network interface that all connections leave by; `nil` for any.
    public var interface: String?
    /// A file of PEM certificates: the only authorities that are trusted; `nil` for the system's.
    public var authorityPath: String?
    /// Whether only addresses of the public internet are connected to, whatever a name leads to.
    ///
    /// That goes for the address of a proxy, too.
    public var refusesPrivateAddresses = false
    /// What we show to servers that ask who we are.
    public var clientCertificate: ClientCertificate?
    /// How requests are signed for whoever wants AWS's signature; `nil` for none.
    public var signature: AWSSignature?

    public init(
        connectTimeoutSeconds: Int, stallTimeoutSeconds: Int, wallTimeoutSeconds: Int,
        maximumReceiveBytesPerSecond: Int64?, userAgent: String
    ) {
        precondition(
            [connectTimeoutSeconds, stallTimeoutSeconds, wallTimeoutSeconds]
                .allSatisfy { (1...86_400).contains($0) },
            "a timeout is between a second and a day")
        precondition(
            maximumReceiveBytesPerSecond.map { $0 >= 1 } ?? true, "a speed is at least 1 byte/s")
        self.connectTimeoutSeconds = connectTimeoutSeconds
        self.stallTimeoutSeconds = stallTimeoutSeconds
        self.wallTimeoutSeconds = wallTimeoutSeconds
        self.maximumReceiveBytesPerSecond = maximumReceiveBytesPerSecond
        self.userAgent = userAgent
    }

    /// 10 s to connect, 30 s of stalling, 120 s for a bounded exchange, full speed.
    public static let standard = HTTPOptions(
        connectTimeoutSeconds: 10, stallTimeoutSeconds: 30, wallTimeoutSeconds: 120,
        maximumReceiveBytesPerSecond: nil, userAgent: "slipway")

    /// Fewer bytes per second than this count as next to nothing.
    ///
    /// A server that trickles could otherwise keep a device from its update for ever (TUF's slow
    /// retrieval attack). Half of our own speed limit is never a stall.
    var stallBytesPerSecond: Int64 {
        max(1, min(512, (maximumReceiveBytesPerSecond ?? .max) / 2))
    }
}

/// What libcurl signs requests with, by AWS's Signature Version 4.
///
/// The query of a signed request has to be sorted and encoded already.
public struct AWSSignature: Hashable, Sendable {
    let keyID: String
    let secret: String
    let region: String
    let service: String

    public init(keyID: String, secret: String, region: String, service: String) {
        self.keyID = keyID
        self.secret = secret
        self.region = region
        self.service = service
    }
}

/// Without the secret, which must not come into a log.
extension AWSSignature: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { "\(keyID) in \(region)" }
    public var debugDescription: String { description }
}

/// A certificate and its private key, both in PEM.
public struct ClientCertificate: Hashable, Sendable {
    let certificatePath: String
    let keyPath: String
    let passphrase: String

    /// - Parameter passphrase: Of the key; empty when it has none.
    public init(certificatePath: String, keyPath: String, passphrase: String) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
        self.passphrase = passphrase
    }
}

/// Without the passphrase, which must not come into a log.
extension ClientCertificate: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { certificatePath }
    public var debugDescription: String { description }
}

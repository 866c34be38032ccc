internal import ArgumentParser
internal import Server

/// Flags about how the server meets the network.
struct EdgeOptions: ParsableArguments {
    @Option(
        help: "The server's certificate and those above it, PEM; with it the server speaks TLS.")
    var tlsCertificate: String?
    @Option(help: "The certificate's private key, PEM.") var tlsKey: String?
    @Option(help: "Whether clients show a certificate: none, optional or required (none).")
    var tlsClient: String?
    @Option(help: "The authorities of clients' certificates, PEM.") var tlsClientCa: String?
    @Option(help: "Addresses and ranges, separated by commas, of proxies to believe.")
    var trustedProxies: String?
    @Option(help: "What those proxies write: x-forwarded-for or forwarded (x-forwarded-for).")
    var forwardedHeader: String?
    @Option(help: "Requests of one address (10000; 0 is no limit).")
    var addressRequestsPerSecond: String?
    @Option(help: "Wrong tokens, signatures and garbage of one address (300; 0 is no limit).")
    var addressFailuresPerMinute: String?
    @Option(help: "Check-ins of one device (600; 0 is no limit).")
    var deviceCheckInsPerMinute: String?
    @Option(help: "Failed check-ins in a device's name from one address (20; 0 is no limit).")
    var deviceFailuresPerMinute: String?
    @Option(help: "Connections at once (4096).") var connections: String?
    @Option(help: "Connections of one address at once (2048).") var connectionsPerAddress: String?
    @Option(help: "How long a connection may take to ask its first question (10).")
    var headSeconds: String?
    @Option(help: "How long an open connection may wait for its next question (15).")
    var idleSeconds: String?
    @Option(help: "How long a body may stand still (20).") var bodySeconds: String?
    @Option(help: "How fast a body has to come in the long run (512).")
    var bodyBytesPerSecond: String?
    @Option(help: "How long the server may take to begin an answer (300).")
    var answerSeconds: String?
    @Option(help: "How long a client may take nothing of its answer (60).")
    var stalledReaderSeconds: String?
    @Option(help: "How long the server, told to stop, finishes what it answers (20).")
    var shutdownSeconds: String?
    @Option(help: "The longest request line with headers (16384).") var headBytes: String?
    @Option(help: "The most header lines (100).") var headerCount: String?

    var values: [(ServerSettings.Key, String?)] {
        [
            (.tlsCertificate, tlsCertificate), (.tlsKey, tlsKey), (.tlsClient, tlsClient),
            (.tlsClientAuthority, tlsClientCa), (.trustedProxies, trustedProxies),
            (.forwardedHeader, forwardedHeader),
            (.addressRequestsPerSecond, addressRequestsPerSecond),
            (.addressFailuresPerMinute, addressFailuresPerMinute),
            (.deviceCheckInsPerMinute, deviceCheckInsPerMinute),
            (.deviceFailuresPerMinute, deviceFailuresPerMinute), (.connections, connections),
            (.connectionsPerAddress, connectionsPerAddress), (.headSeconds, headSeconds),
            (.idleSeconds, idleSeconds), (.bodySeconds, bodySeconds),
            (.bodyBytesPerSecond, bodyBytesPerSecond), (.answerSeconds, answerSeconds),
            (.stalledReaderSeconds, stalledReaderSeconds), (.shutdownSeconds, shutdownSeconds),
            (.headBytes, headBytes), (.headerCount, headerCount),
        ]
    }
}

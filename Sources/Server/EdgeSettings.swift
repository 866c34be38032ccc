/// What the person who runs a server decides about how it meets the network.
public struct EdgeSettings: Hashable, Sendable {
    public var certificate: String?
    public var key: String?
    public var clients = TLSCredentials.Clients.none
    public var clientAuthority: String?
    public var trustedProxies: [NetworkRange] = []
    public var forwardedHeader = TrustedProxies.Header.xForwardedFor
    public var limits = EdgeLimits()

    public var proxies: TrustedProxies {
        TrustedProxies(trustedProxies, header: forwardedHeader)
    }

    /// Where certificate and key lie; `nil` for plain HTTP.
    ///
    /// - Throws: ``ServerSettings/Problem`` when one of what belongs together is missing.
    public func files() throws(ServerSettings.Problem) -> TLSCredentials.Files? {
        guard let certificate, let key else {
            guard certificate == nil, key == nil, clients == .none, clientAuthority == nil else {
                throw ServerSettings.Problem(
                    description: "tls_certificate and tls_key are set together, and before"
                        + " tls_client and tls_client_ca")
            }
            return nil
        }
        guard (clients == .none) == (clientAuthority == nil) else {
            throw ServerSettings.Problem(
                description: "tls_client_ca names the authority of clients' certificates;"
                    + " tls_client says optional or required then, and only then")
        }
        return TLSCredentials.Files(
            certificate: certificate, key: key, clients: clients, clientAuthority: clientAuthority)
    }
}

internal import Hummingbird
internal import HummingbirdCore

/// How the server meets the network: by what it proves itself, whom it believes, what it bears.
public struct Edge: Sendable {
    public var limits: EdgeLimits
    public var proxies: TrustedProxies
    /// `nil` for plain HTTP.
    public var credentials: TLSCredentials?
    /// Nanoseconds of a clock that is never set.
    public var now: @Sendable () -> Int64

    public init(
        limits: EdgeLimits, proxies: TrustedProxies, credentials: TLSCredentials?,
        now: @escaping @Sendable () -> Int64
    ) {
        self.limits = limits
        self.proxies = proxies
        self.credentials = credentials
        self.now = now
    }

    public var scheme: String { credentials == nil ? "http" : "https" }
}

extension Edge {
    func configuration(host: String, port: Int) -> ApplicationConfiguration {
        ApplicationConfiguration(
            address: .hostname(host, port: port), serverName: "slipway-server",
            backlog: limits.backlog,
            availableConnectionsDelegate: MaximumAvailableConnections(limits.accepted))
    }

    /// What accepts connections and speaks HTTP on them.
    func server(_ callers: CallerLimits) -> HTTPServerBuilder {
        let register = ConnectionRegister(
            limit: limits.connections, limitPerAddress: limits.connectionsPerAddress)
        return HTTPServerBuilder { responder in
            GuardedChannel(responder: responder, edge: self, limits: callers, register: register)
        }
    }
}

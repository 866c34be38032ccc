/// What stands between us and the servers that we ask.
public enum HTTPProxy: Hashable, Sendable {
    /// As the environment says, in the manner of libcurl (`https_proxy`, `no_proxy`).
    case fromEnvironment
    /// Nothing, whatever the environment says.
    case none
    case through(ProxyAddress)
}

/// The address of a proxy, with the user and password that it asks for.
public struct ProxyAddress: Hashable, Sendable {
    let url: String

    /// `socks5h` leaves the looking up of names to the proxy, as the other two do.
    public static let schemes = ["http", "https", "socks5h"]

    /// - Parameter url: Such as `http://user:password@proxy.example:3128`, characters with a meaning
    ///   in URLs percent-encoded. `nil` for another scheme, no host, or characters that no URL has.
    public init?(_ url: String) {
        guard let scheme = Self.schemes.first(where: { url.hasPrefix("\($0)://") }),
            url.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else { return nil }
        let host = url.dropFirst(scheme.count + 3).split(
            separator: "@", omittingEmptySubsequences: false)
        guard let last = host.last, host.count <= 2, let first = last.first,
            !"/:?#".contains(first)
        else { return nil }
        self.url = url
    }
}

/// Without the password, which must not come into a log.
extension ProxyAddress: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        let scheme = url.prefix { $0 != ":" }
        let host = url.split(separator: "@").last ?? ""
        return url.contains("@") ? "\(scheme)://...@\(host)" : url
    }

    public var debugDescription: String { description }
}

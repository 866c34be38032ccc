internal import Model
internal import Rollouts
internal import Server

/// Whom an OpenID provider vouches for, and as what.
struct OIDCSettings: Sendable {
    /// The provider's own name for itself, which is also its address.
    let issuer: String
    /// What tokens for this server are issued for.
    let audience: String
    /// Where a token tells what its owner is: names of members, from the outside in.
    let rolesClaim: [String]
    /// The role that each word of that claim stands for; the first that somebody has counts.
    let roles: [(word: String, role: AccessRole)]
    /// Which claim tells who somebody is.
    let nameClaim: String
    /// A file with the provider's keys; `nil` to ask the provider for them.
    let keysFile: String?

    /// - Returns: `nil` when no provider is named.
    /// - Throws: ``ServerProblem/configuration(_:)`` for what is missing or makes no sense.
    init?(_ settings: ServerSettings) throws(ServerProblem) {
        guard let issuer = settings.oidcIssuer else { return nil }
        guard let audience = settings.oidcAudience, !audience.isEmpty else {
            throw .configuration("oidc_audience: tokens for whom does \(issuer) issue here?")
        }
        guard Self.isTrustworthy(issuer) else {
            throw .configuration(
                "oidc_issuer: \"\(issuer)\" is not an https address without user and query")
        }
        self.issuer = issuer
        self.audience = audience
        rolesClaim = settings.oidcRolesClaim.split(separator: ".").map(String.init)
        guard !rolesClaim.isEmpty else {
            throw .configuration("oidc_roles_claim: which claim tells what somebody is?")
        }
        roles = try Self.roles(settings.oidcRoles ?? "")
        nameClaim = settings.oidcNameClaim
        keysFile = settings.oidcKeysFile
    }

    /// https, or this machine; keys that anybody on the way could change vouch for nobody.
    static func isTrustworthy(_ text: String) -> Bool {
        guard OutsideAddress(text) != nil, !text.contains("?") else { return false }
        let plain = "http://"
        guard text.hasPrefix(plain) else { return true }
        let authority = text.dropFirst(plain.count).prefix { $0 != "/" }
        return ["127.0.0.1", "localhost", "[::1]"].contains { host in
            guard authority.hasPrefix(host) else { return false }
            let port = authority.dropFirst(host.count)
            return port.isEmpty || port.first == ":" && UInt16(port.dropFirst()) != nil
        }
    }

    /// From a text such as `fleet-admins=admin,staff=viewer`.
    private static func roles(
        _ text: String
    ) throws(ServerProblem) -> [(word: String, role: AccessRole)] {
        var roles: [(word: String, role: AccessRole)] = []
        for pair in text.split(separator: ",") {
            let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
                .map { $0.trimmingPrefix { $0 == " " } }
            guard parts.count == 2, !parts[0].isEmpty,
                let role = AccessRole(rawValue: String(parts[1]))
            else { throw .configuration("oidc_roles: \"\(pair)\" is not such as staff=viewer") }
            roles.append((String(parts[0]), role))
        }
        guard !roles.isEmpty else {
            throw .configuration("oidc_roles: nobody would have a role; write staff=viewer or so")
        }
        return roles
    }
}

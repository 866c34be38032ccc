import Foundation
internal import Curl
internal import JSON

/// Keeps the keys of an OpenID provider, and looks for new ones when a token names one that is not
/// known, once a minute at most: a stranger's tokens make nobody ask more often.
actor OIDCKeyKeeper {
    private let settings: OIDCSettings
    private let queue = BlockingWork(label: "slipway-server.oidc")
    private let now: @Sendable () -> ContinuousClock.Instant
    private var keys: OIDCKeys?
    private var fetched: ContinuousClock.Instant?
    private var asked: ContinuousClock.Instant?
    private var underWay: Task<Void, Never>?

    private static let shortestPause = Duration.seconds(60)
    /// A provider takes keys back by leaving them out, so old answers are looked up anew.
    private static let lifetime = Duration.seconds(3600)
    /// When nobody can be asked, what was known is believed for so long.
    private static let longestLifetime = Duration.seconds(86_400)
    private static let timeoutSeconds = 10

    init(
        _ settings: OIDCSettings,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.settings = settings
        self.now = now
    }

    /// The keys, with that of `keyID` if the provider has such a one; `nil` while none are known.
    func keys(for keyID: String) async -> OIDCKeys? {
        if let keys, keys.holds(keyID), age < Self.lifetime { return keys }
        await refresh()
        return age < Self.longestLifetime ? keys : nil
    }

    private var age: Duration { fetched.map { now() - $0 } ?? .seconds(Int64.max / 2) }

    /// Whoever comes while others are asking waits for the same answer.
    private func refresh() async {
        if let underWay { return await underWay.value }
        if let asked, now() - asked < Self.shortestPause { return }
        asked = now()
        let task = Task { await ask() }
        underWay = task
        await task.value
        underWay = nil
    }

    private func ask() async {
        let settings = settings
        let answer = await queue.run { try? Self.read(settings) }
        guard let answer else { return }
        keys = answer
        fetched = now()
    }

    // MARK: Asking

    enum Problem: Error {
        case status(Int)
        case untrustworthy(String)
        case unreadable
    }

    /// Blocks until the keys are there.
    private static func read(_ settings: OIDCSettings) throws -> OIDCKeys {
        if let path = settings.keysFile {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw Problem.unreadable
            }
            return try OIDCKeys(parsing: Array(data))
        }
        // OpenID Connect Discovery 1.0 section 4: the issuer has to call itself what we call it.
        let slash = settings.issuer.hasSuffix("/") ? "" : "/"
        let document = try get("\(settings.issuer)\(slash).well-known/openid-configuration")
        let fields = try JSONFields(
            JSONValue(parsing: document, limits: .standard(bytes: OIDCKeys.maximumByteCount)))
        let issuer = try fields.string("issuer")
        guard issuer.utf8.elementsEqual(settings.issuer.utf8) else {
            throw Problem.untrustworthy(issuer)
        }
        let place = try fields.string("jwks_uri", maximumByteCount: 2048)
        guard OIDCSettings.isTrustworthy(place) else { throw Problem.untrustworthy(place) }
        return try OIDCKeys(parsing: get(place))
    }

    /// Redirects are not followed: they could lead away from https.
    private static func get(_ url: String) throws -> [UInt8] {
        let options = HTTPOptions.probing(within: .seconds(timeoutSeconds))
        let answer = try HTTPClient(options: options).send(
            HTTPRequest(method: .get, url: url, headers: [("Accept", "application/json")]),
            bodyLimitBytes: OIDCKeys.maximumByteCount)
        guard answer.status == 200 else { throw Problem.status(answer.status) }
        return answer.body
    }
}

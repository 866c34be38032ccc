import Foundation
import Model
import OpenSSL
import Orchestrator
import Server
import Synchronization
import TestSupport
import Testing
import Trust

@testable import slipway_server

/// People whom an OpenID provider vouches for, and all others.
@Suite struct OIDCTests {
    private static func settings(
        _ issuer: String, _ more: [ServerSettings.Key: String] = [:]
    ) throws -> OIDCSettings {
        var settings = ServerSettings()
        let plain: [ServerSettings.Key: String] = [
            .oidcIssuer: issuer, .oidcAudience: Issuer.audience,
            .oidcRoles: "boss=admin,staff=viewer, four eyes=approver",
        ]
        for (key, text) in plain.merging(more, uniquingKeysWith: { $1 }) {
            try settings.set(key, text)
        }
        return try must(OIDCSettings(settings))
    }

    /// A clock for how often the provider is asked.
    private final class Hands: Sendable {
        private let passed = Mutex(Duration.zero)
        private let start = ContinuousClock.now
        var now: ContinuousClock.Instant { start + passed.withLock { $0 } }
        func advance(_ duration: Duration) { passed.withLock { $0 += duration } }
    }

    private struct Scene {
        let issuer: Issuer
        let hands: Hands
        let provider: OIDCProvider

        init(_ more: [ServerSettings.Key: String] = [:]) throws {
            issuer = try Issuer()
            let hands = Hands()
            let settings = try OIDCTests.settings(issuer.url, more)
            self.hands = hands
            provider = OIDCProvider(
                settings, keeper: OIDCKeyKeeper(settings, now: { hands.now }))
        }

        func principal(_ token: String, after seconds: Int64 = 0) async -> Principal? {
            await provider.principal(
                showing: token, at: Issuer.now.advanced(by: .seconds(seconds)))
        }
    }

    // MARK: Who is let in

    @Test func believesAnEd25519Token() async throws {
        let scene = try Scene()
        let token = try scene.issuer.token()
        let principal = try #require(await scene.principal(token))
        #expect(principal.name.text == "ada" && principal.role == .viewer)
        #expect(principal.permissions == AccessRole.viewer.permissions)
        #expect(principal.token == nil && principal.cohorts == nil)
        #expect(principal.expires == Issuer.now.advanced(by: .seconds(300)))
        _ = await scene.principal(token)
        #expect(scene.issuer.askedCount == 1)
    }

    @Test func believesAnRSAToken() async throws {
        let scene = try Scene()
        let token = try scene.issuer.token(
            #"{"alg":"RS256","kid":"r"}"#, scene.issuer.claims(["roles": #""boss""#])
        ) { try scene.issuer.rsa.sign($0) }
        let principal = try #require(await scene.principal(token))
        #expect(principal.permissions == Set(Permission.allCases))
    }

    @Test func believesAP256Token() async throws {
        let scene = try Scene()
        let key = try P256PrivateKey.generate()
        scene.issuer.publish([try Self.jwk(key, id: "p")])
        let token = try scene.issuer.token(
            #"{"alg":"ES256","kid":"p"}"#, scene.issuer.claims(["aud": #"["x","slipway"]"#])
        ) { Self.raw(try key.sign($0)) }
        let principal = await scene.principal(token)
        #expect(principal?.name.text == "ada")
    }

    /// The last 64 bytes of a P-256 SubjectPublicKeyInfo are the point's coordinates.
    private static func jwk(_ key: P256PrivateKey, id: String) throws -> String {
        guard case .ecdsaP256(let info) = key.publicKey else {
            throw CocoaError(.featureUnsupported)
        }
        let point = Array(info.der.suffix(64))
        let (x, y) = (Base64.url(Array(point[..<32])), Base64.url(Array(point[32...])))
        return #"{"kty":"EC","crv":"P-256","kid":"\#(id)","x":"\#(x)","y":"\#(y)"}"#
    }

    /// From DER (RFC 3279 section 2.2.3) to both numbers side by side (RFC 7518 section 3.4).
    private static func raw(_ der: [UInt8]) -> [UInt8] {
        var rest = der.dropFirst(2)
        return (0..<2).flatMap { _ -> [UInt8] in
            let count = Int(rest[rest.startIndex + 1])
            let number = rest.dropFirst(2).prefix(count).drop { $0 == 0 }
            rest = rest.dropFirst(2 + count)
            return Array(repeating: 0, count: 32 - number.count) + number
        }
    }

    @Test func theFirstRoleOfTheSettingsCounts() async throws {
        let scene = try Scene([.oidcRolesClaim: "realm.roles", .oidcNameClaim: "email"])
        let claims: [String: String?] = [
            "realm": #"{"roles":["x","four eyes","staff"]}"#, "email": #""ada@example.com""#,
        ]
        let principal = try #require(await scene.principal(try scene.issuer.token(claims)))
        #expect(principal.role == .viewer)
        // What cannot be a name becomes one that nobody else has.
        #expect(principal.name.text.hasPrefix("email-") && principal.name.text.utf8.count == 38)
        let other = try scene.issuer.token(
            ["realm": #"{"roles":["four eyes"]}"#, "email": #""ida@example.com""#])
        let ida = try #require(await scene.principal(other))
        #expect(ida.role == .approver && ida.name != principal.name)
    }

    // MARK: Who is not

    static let wrongClaims: [(String, [String: String?])] = [
        ("another audience", ["aud": #""other""#]), ("no audience", ["aud": nil]),
        ("an audience that only begins so", ["aud": #""slipway2""#]),
        ("another issuer", ["iss": #""https://evil.example""#]), ("no issuer", ["iss": nil]),
        ("expired", ["exp": "1799999940"]), ("no end", ["exp": nil]),
        ("an end in words", ["exp": #""1800000300""#]), ("an end before time", ["exp": "-1"]),
        ("an end with a fraction", ["exp": "1800000300.5"]),
        ("not yet", ["nbf": "1800000061"]), ("issued tomorrow", ["iat": "1800086400"]),
        ("no role", ["roles": nil]), ("an unknown role", ["roles": #"["king"]"#]),
        ("a role of another kind", ["roles": #"{"staff":true}"#]),
        ("a role in another case", ["roles": #"["Staff"]"#]),
        ("nobody", ["sub": nil]), ("an empty name", ["sub": #""""#]),
        ("many names", ["sub": #"["ada","bob"]"#]),
    ]

    @Test(arguments: wrongClaims)
    func refusesClaims(what: String, changes: [String: String?]) async throws {
        let scene = try Scene()
        let refused = await scene.principal(try scene.issuer.token(changes))
        #expect(refused == nil, "\(what)")
        // It makes nobody ask for a key, and the same provider lets others in.
        #expect(scene.issuer.requestCount == 0)
        #expect(await scene.principal(try scene.issuer.token()) != nil)
    }

    @Test func clocksMayDifferByAMinute() async throws {
        let scene = try Scene()
        let token = try scene.issuer.token(["nbf": "\(Issuer.now.secondsSinceEpoch + 60)"])
        #expect(await scene.principal(token) != nil)
        #expect(await scene.principal(token, after: 359) != nil)
        #expect(await scene.principal(token, after: 360) == nil)
        #expect(await scene.principal(token, after: -1) == nil)
    }

    @Test func refusesEverythingThatTheKeysDidNotSign() async throws {
        let scene = try Scene()
        let issuer = scene.issuer
        let claims = issuer.claims()
        let secret = try issuer.rsa.publicPEM()
        let stranger = try Ed25519PrivateKey.generate()
        let ed = { (message: [UInt8]) in try issuer.ed25519.sign(message) }
        let rsa = { (message: [UInt8]) in try issuer.rsa.sign(message) }
        let x = Base64.url(stranger.ed25519PublicKey.bytes)
        let own = #"{"kty":"OKP","crv":"Ed25519","kid":"e","x":"\#(x)"}"#
        let forged: [(String, String)] = [
            ("none", issuer.token(#"{"alg":"none","kid":"e"}"#, claims) { _ in [] }),
            ("None, signed", try issuer.token(#"{"alg":"None","kid":"e"}"#, claims, sign: ed)),
            ("no algorithm", try issuer.token(#"{"kid":"e"}"#, claims, sign: ed)),
            (
                "the public key as a secret",
                issuer.token(#"{"alg":"HS256","kid":"r"}"#, claims) { Self.hmac(secret, $0) }
            ),
            (
                "the same, called RS256",
                issuer.token(#"{"alg":"RS256","kid":"r"}"#, claims) { Self.hmac(secret, $0) }
            ),
            ("no key", try issuer.token(#"{"alg":"EdDSA"}"#, claims, sign: ed)),
            ("another's key", try issuer.token(#"{"alg":"EdDSA","kid":"r"}"#, claims, sign: ed)),
            (
                "another algorithm",
                try issuer.token(#"{"alg":"RS256","kid":"e"}"#, claims, sign: ed)
            ),
            (
                "another digest",
                try issuer.token(#"{"alg":"RS512","kid":"r"}"#, claims) {
                    try issuer.rsa.sign($0, digest: "-sha512")
                }
            ),
            (
                "RSA called EdDSA",
                try issuer.token(#"{"alg":"EdDSA","kid":"r"}"#, claims, sign: rsa)
            ),
            (
                "a stranger",
                try issuer.token(#"{"alg":"EdDSA","kid":"e"}"#, claims) { try stranger.sign($0) }
            ),
            (
                "a key of its own",
                try issuer.token(#"{"alg":"EdDSA","kid":"e","jwk":\#(own)}"#, claims) {
                    try stranger.sign($0)
                }
            ),
            (
                "something critical",
                try issuer.token(#"{"alg":"EdDSA","kid":"e","crit":["b64"]}"#, claims, sign: ed)
            ),
            (
                "two algorithms",
                try issuer.token(#"{"alg":"EdDSA","alg":"none","kid":"e"}"#, claims, sign: ed)
            ),
            (
                "two audiences under one name",
                try issuer.token(
                    #"{"alg":"EdDSA","kid":"e"}"#,
                    claims.replacing(#""aud":"#, with: #""aud":"x","aud":"#), sign: ed)
            ),
            ("no claims", try issuer.token(#"{"alg":"EdDSA","kid":"e"}"#, "[]", sign: ed)),
            (
                "huge",
                try issuer.token(["pad": "\"\(String(repeating: "a", count: 20_000))\""])
            ),
            (
                "deep",
                try issuer.token(
                    [
                        "pad": String(repeating: "[", count: 2000)
                            + String(repeating: "]", count: 2000)
                    ])
            ),
            ("empty", ""), ("dots", ".."), ("one part", "abc"), ("four", "a.b.c.d"),
            ("spaces", " . . "), ("zeros", "\0.\0.\0"), ("SQL", "'.' OR '1'='1'.x"),
        ]
        for (what, token) in forged {
            let principal = await scene.principal(token)
            #expect(principal == nil, "\(what)")
        }
        #expect(await scene.principal(try issuer.token()) != nil)
    }

    @Test func refusesEveryChangedCharacter() async throws {
        let scene = try Scene()
        let token = Array(try scene.issuer.token().utf8)
        #expect(await scene.principal(String(decoding: token, as: UTF8.self)) != nil)
        for index in stride(from: 0, to: token.count, by: 5) {
            var changed = token
            changed[index] =
                changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            let principal = await scene.principal(String(decoding: changed, as: UTF8.self))
            #expect(principal == nil, "\(index)")
        }
        for more in ["=", "A", ".", "\n"] {
            let principal = await scene.principal(String(decoding: token, as: UTF8.self) + more)
            #expect(principal == nil)
        }
    }

    /// RFC 2104, as an attacker has it.
    private static func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        let hashing = OpenSSLHashing()
        let short = key.count > 64 ? hashing.sha256(key).bytes : key
        let block = short + Array(repeating: 0, count: 64 - short.count)
        let inner = hashing.sha256(block.map { $0 ^ 0x36 } + message).bytes
        return hashing.sha256(block.map { $0 ^ 0x5c } + inner).bytes
    }

    // MARK: Keys

    @Test func keysOfAnotherKindAreNoKeys() async throws {
        let scene = try Scene()
        let issuer = scene.issuer
        let small = try RSAKey(bits: 1024)
        issuer.publish([
            issuer.edJWK(id: "enc", #","use":"enc""#), issuer.edJWK(id: "d", #","d":"AA""#),
            try small.jwk(id: "small"), try issuer.rsa.jwk(id: "ps", alg: "PS256"),
            #"{"kty":"oct","kid":"oct","k":"c2VjcmV0"}"#, #"{"kty":"EC","kid":"odd"}"#, "5",
            issuer.edJWK(id: "e"),
        ])
        for kid in ["enc", "d", "oct", "odd"] {
            let principal = await scene.principal(try issuer.token(kid: kid))
            #expect(principal == nil, "\(kid)")
        }
        let claims = issuer.claims()
        let weak = try issuer.token(#"{"alg":"RS256","kid":"small"}"#, claims) {
            try small.sign($0)
        }
        #expect(await scene.principal(weak) == nil)
        let other = try issuer.token(#"{"alg":"RS256","kid":"ps"}"#, claims) {
            try issuer.rsa.sign($0)
        }
        #expect(await scene.principal(other) == nil)
        #expect(await scene.principal(try issuer.token()) != nil)
    }

    @Test func looksForAnUnknownKeyOnceAMinute() async throws {
        let scene = try Scene()
        let issuer = scene.issuer
        #expect(await scene.principal(try issuer.token()) != nil)
        for number in 0..<20 {
            #expect(await scene.principal(try issuer.token(kid: "k\(number)")) == nil)
        }
        #expect(issuer.askedCount == 1)
        issuer.publish([issuer.edJWK(id: "new")])
        scene.hands.advance(.seconds(59))
        #expect(await scene.principal(try issuer.token(kid: "new")) == nil)
        scene.hands.advance(.seconds(1))
        #expect(await scene.principal(try issuer.token(kid: "new")) != nil)
        #expect(issuer.askedCount == 2)
        // The old one was taken back.
        #expect(await scene.principal(try issuer.token()) == nil)
    }

    @Test func whoeverComesTogetherAsksOnce() async throws {
        let scene = try Scene()
        let token = try scene.issuer.token()
        let known = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<16 { group.addTask { await scene.principal(token) != nil } }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(known == 16)
        #expect(scene.issuer.askedCount == 1)
    }

    @Test func keepsKeysForADayWhenTheProviderIsGone() async throws {
        let scene = try Scene()
        let token = try scene.issuer.token()
        #expect(await scene.principal(token) != nil)
        scene.issuer.set("/keys", .status("503 Busy"))
        scene.hands.advance(.seconds(86_399))
        #expect(await scene.principal(token) != nil)
        scene.hands.advance(.seconds(61))
        #expect(await scene.principal(token) == nil)
        scene.issuer.publish([scene.issuer.edJWK(id: "e")])
        scene.hands.advance(.seconds(60))
        #expect(await scene.principal(token) != nil)
    }

    static let badAnswers: [(String, String, Reply)] = [
        ("no discovery", "/.well-known/openid-configuration", .status("404 Not Found")),
        (
            "another issuer", "/.well-known/openid-configuration",
            .ok(Array(#"{"issuer":"https://x","jwks_uri":"https://x"}"#.utf8))
        ),
        ("no JSON", "/keys", .ok(Array("<html>".utf8))),
        ("a redirect", "/keys", .status("302 Found", [], "Location: /other\r\n")),
        ("an error", "/keys", .status("500 Oops")),
        ("no list", "/keys", .ok(Array(#"{"keys":{}}"#.utf8))),
        (
            "a cut", "/keys",
            .bytesThenCut(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".utf8))
        ),
        (
            "an endless body", "/keys",
            .endless(Array("HTTP/1.1 200 OK\r\n\r\n{\"keys\":[".utf8), repeating: Array("1,".utf8))
        ),
    ]

    @Test(arguments: badAnswers)
    func aProviderThatAnswersWrongVouchesForNobody(
        what: String, path: String, reply: Reply
    ) async throws {
        let scene = try Scene()
        scene.issuer.set(path, reply)
        #expect(await scene.principal(try scene.issuer.token()) == nil, "\(what)")
    }

    /// Keys that anybody on the way could change vouch for nobody.
    @Test func keysFromAPlainAddressElsewhereAreNotFetched() async throws {
        let scene = try Scene()
        let text = #"{"issuer":"\#(scene.issuer.url)","jwks_uri":"http://keys.example/k"}"#
        scene.issuer.set("/.well-known/openid-configuration", .ok(Array(text.utf8)))
        #expect(await scene.principal(try scene.issuer.token()) == nil)
    }

    @Test func readsKeysFromAFile() async throws {
        let issuer = try Issuer()
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(#"{"keys":[\#(issuer.edJWK(id: "e"))]}"#.utf8).write(to: file)
        let provider = try OIDCProvider(
            Self.settings(issuer.url, [.oidcKeysFile: file.path]))
        let known = await provider.principal(showing: try issuer.token(), at: Issuer.now)
        #expect(known?.name.text == "ada")
        #expect(issuer.requestCount == 0)
        try Data("{}".utf8).write(to: file)
        #expect(throws: ServerProblem.self) {
            try OIDCProvider(Self.settings(issuer.url, [.oidcKeysFile: file.path]))
        }
        #expect(throws: ServerProblem.self) {
            try OIDCProvider(Self.settings(issuer.url, [.oidcKeysFile: "/nowhere"]))
        }
    }

    // MARK: Settings

    @Test(arguments: [
        "http://id.example.com", "ftp://id.example.com", "id.example.com", "",
        "https://user@id.example.com", "https://id.example.com?x=y", "https://id example.com",
        "http://127.0.0.1.evil.example", "http://localhost:80.evil.example",
        "http://localhost:x", "http://127.0.0.1@evil.example",
    ])
    func refusesAnIssuerThatNobodyCanTrust(text: String) {
        #expect(throws: ServerProblem.self) { try Self.settings(text) }
    }

    @Test func takesHTTPSAndThisMachine() throws {
        for text in [
            "https://id.example.com", "https://id.example.com/realms/acme", "http://localhost",
            "http://127.0.0.1:8080/x", "http://[::1]:9",
        ] {
            #expect(try Self.settings(text).issuer == text)
        }
    }

    @Test(arguments: ["", "staff", "staff=king", "=viewer", "staff=viewer=x", "a=viewer,b"])
    func refusesRolesThatAreNone(text: String) {
        #expect(throws: ServerProblem.self) {
            try Self.settings("https://id.example.com", [.oidcRoles: text])
        }
    }

    @Test func isOffUnlessAnIssuerIsNamed() throws {
        #expect(try OIDCSettings(ServerSettings()) == nil)
        #expect(throws: ServerProblem.self) {
            try Self.settings("https://id.example.com", [.oidcAudience: ""])
        }
        #expect(throws: ServerProblem.self) {
            try Self.settings("https://id.example.com", [.oidcRolesClaim: ""])
        }
    }
}

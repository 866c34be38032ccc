import Foundation
import JSON
import Model
import OpenSSL
import Synchronization
import TestSupport

/// A tiny OpenID provider on loopback, whose keys are made by `openssl` and by us.
final class Issuer: Sendable {
    private let answers = Mutex<[String: Reply]>([:])
    private let running = Mutex<LoopbackServer?>(nil)
    let url: String
    let rsa: RSAKey
    let ed25519: Ed25519PrivateKey

    static let audience = "slipway"
    /// The moment of all tests.
    static let now = Instant(secondsSinceEpoch: 1_800_000_000)

    init() throws {
        rsa = try RSAKey()
        ed25519 = try Ed25519PrivateKey.generate()
        let box = AnswerBox()
        let server = try LoopbackServer { box.answer(to: $0.target) }
        url = server.url
        running.withLock { $0 = server }
        box.issuer = self
        publish([try rsa.jwk(id: "r"), edJWK(id: "e")])
        set(
            "/.well-known/openid-configuration",
            .ok(Array(#"{"issuer":"\#(url)","jwks_uri":"\#(url)/keys","more":[1]}"#.utf8)))
    }

    func set(_ path: String, _ reply: Reply) { answers.withLock { $0[path] = reply } }

    func publish(_ keys: [String]) {
        set("/keys", .ok(Array(#"{"keys":[\#(keys.joined(separator: ","))]}"#.utf8)))
    }

    func edJWK(id: String, _ more: String = "") -> String {
        let x = Base64.url(ed25519.ed25519PublicKey.bytes)
        return #"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"\#(id)","x":"\#(x)"\#(more)}"#
    }

    fileprivate func reply(to path: String) -> Reply {
        answers.withLock { $0[path] } ?? .status("404 Not Found")
    }

    /// How often the keys were asked for.
    var askedCount: Int {
        running.withLock { $0?.paths.count { $0 == "/keys" } ?? 0 }
    }

    var requestCount: Int { running.withLock { $0?.paths.count ?? 0 } }

    // MARK: Tokens

    /// Claims of a token that counts, with changes in JSON members.
    func claims(_ changes: [String: String?] = [:]) -> String {
        var members: [String: String] = [
            "iss": #""\#(url)""#, "aud": #""\#(Self.audience)""#, "sub": #""ada""#,
            "exp": "\(Self.now.secondsSinceEpoch + 300)", "roles": #"["staff"]"#,
        ]
        for (name, value) in changes { members[name] = value }
        let texts = members.sorted { $0.key < $1.key }.map { #""\#($0.key)":\#($0.value)"# }
        return "{\(texts.joined(separator: ","))}"
    }

    /// A token with this header and these claims, signed by `sign`.
    func token(
        _ header: String, _ claims: String, sign: ([UInt8]) throws -> [UInt8]
    ) rethrows -> String {
        let body = "\(Base64.url(Array(header.utf8))).\(Base64.url(Array(claims.utf8)))"
        return "\(body).\(Base64.url(try sign(Array(body.utf8))))"
    }

    /// A token signed with Ed25519.
    func token(_ changes: [String: String?] = [:], kid: String = "e") throws -> String {
        try token(#"{"alg":"EdDSA","kid":"\#(kid)","typ":"JWT"}"#, claims(changes)) {
            try ed25519.sign($0)
        }
    }
}

/// Ties the server to the issuer, which is made after it.
private final class AnswerBox: Sendable {
    private let held = Mutex<WeakIssuer>(WeakIssuer())

    var issuer: Issuer? {
        get { held.withLock { $0.issuer } }
        set { held.withLock { $0.issuer = newValue } }
    }

    func answer(to path: String) -> Reply { issuer?.reply(to: path) ?? .status("404 Not Found") }

    private struct WeakIssuer { weak var issuer: Issuer? }
}

/// An RSA key that another program has made and signs with.
struct RSAKey: Sendable {
    private let pem: String

    init(bits: Int = 2048) throws {
        pem = String(
            decoding: try Self.openssl(["genrsa", "\(bits)"]), as: UTF8.self)
    }

    /// The public half in PEM, which an attacker knows as well.
    func publicPEM() throws -> [UInt8] {
        try Self.openssl(["rsa", "-pubout"], input: Array(pem.utf8))
    }

    func sign(_ message: [UInt8], digest: String = "-sha256") throws -> [UInt8] {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data(pem.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try Self.openssl(["dgst", digest, "-sign", file.path], input: message)
    }

    func jwk(id: String, alg: String = "RS256", _ more: String = "") throws -> String {
        let said = try Self.openssl(["rsa", "-noout", "-modulus"], input: Array(pem.utf8))
        let hex = String(decoding: said, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines).dropFirst("Modulus=".count)
        let modulus = Hex.decode(hex.lowercased()) ?? []
        let n = Base64.url(modulus)
        return
            #"{"kty":"RSA","alg":"\#(alg)","use":"sig","kid":"\#(id)","n":"\#(n)","e":"AQAB"\#(more)}"#
    }

    private static func openssl(_ arguments: [String], input: [UInt8] = []) throws -> [UInt8] {
        let process = ChildProcess()
        let (to, from) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardInput = to
        process.standardOutput = from
        process.standardError = FileHandle.nullDevice
        try process.run()
        try to.fileHandleForWriting.write(contentsOf: Data(input))
        try to.fileHandleForWriting.close()
        let said = from.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
        return Array(said)
    }
}

extension Base64 {
    static func url(_ bytes: [UInt8]) -> String {
        encode(bytes).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

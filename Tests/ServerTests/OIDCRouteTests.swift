import Curl
import Foundation
import Model
import OpenSSL
import TestSupport
import Testing
import Wire

/// A real server that believes an OpenID provider.
@Suite struct OIDCRouteTests {
    private static func base64URL(_ bytes: [UInt8]) -> String {
        Base64.encode(bytes).replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    @Test func aPersonManagesByTheTokenOfTheirProvider() throws {
        let folder = try ServerProcess.preparedFolder()
        let key = try Ed25519PrivateKey.generate()
        let x = Self.base64URL(key.ed25519PublicKey.bytes)
        let keys = folder.appending(path: "keys.json")
        try Data(
            #"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"e","x":"\#(x)"}]}"#.utf8
        ).write(to: keys)
        let server = try ServerProcess(
            folder: folder,
            [
                "--oidc-issuer", "https://id.example.com", "--oidc-audience", "slipway",
                "--oidc-roles", "staff=viewer", "--oidc-keys-file", keys.path,
            ])
        func token(_ claims: String) throws -> [(String, String)] {
            let body = [#"{"alg":"EdDSA","kid":"e"}"#, claims]
                .map { Self.base64URL(Array($0.utf8)) }.joined(separator: ".")
            let text = "\(body).\(Self.base64URL(try key.sign(Array(body.utf8))))"
            return [("Authorization", "Bearer \(text)")]
        }
        let exp = Int(Date.now.timeIntervalSince1970) + 600
        let known = #""iss":"https://id.example.com","sub":"ida","roles":["staff"],"exp":\#(exp)"#
        let ida = try token(#"{\#(known),"aud":"slipway"}"#)
        let who = try server.send(.get, "/api/v1/whoami", headers: ida)
        let told = try WhoAmI(parsing: who.body, limitBytes: 65_536)
        #expect(told.name.text == "ida" && told.permissions == [.readFleet] && told.token == nil)
        #expect(told.expires?.secondsSinceEpoch == Int64(exp))
        #expect(try server.send(.get, "/api/v1/devices", headers: ida).status == 200)
        #expect(try server.send(.get, "/api/v1/tokens", headers: ida).status == 403)
        let other = try token(#"{\#(known),"aud":"wiki"}"#)
        #expect(try server.send(.get, "/api/v1/devices", headers: other).status == 401)
    }

    @Test func refusesToStartWithoutAnAudience() throws {
        let folder = try ServerProcess.preparedFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let end = try ServerProcess.run(
            "slipway-server",
            ServerProcess.arguments(folder) + ["--oidc-issuer", "https://id.example.com"])
        #expect(end.code == 65)
        #expect(end.words.contains("oidc_audience"), "\(end.words)")
    }
}

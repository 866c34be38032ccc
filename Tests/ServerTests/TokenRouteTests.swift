import Curl
import Foundation
import Model
import OpenSSL
import TestSupport
import Testing
import Wire

/// `slipway token`, `slipway enrolment` and `slipway whoami` with a real server.
@Suite struct TokenRouteTests {
    private func slipway(
        _ server: ServerProcess, as tokenFile: String? = nil, _ arguments: String...
    ) throws -> (code: Int32, words: String) {
        let admin = server.folder.appending(path: "data/operator-token").path
        return try ServerProcess.run(
            "slipway",
            arguments + ["--server", server.url, "--token-file", tokenFile ?? admin])
    }

    @Test func aTokenIsMadeShownUsedAndEnded() throws {
        let server = try ServerProcess()
        let file = server.folder.appending(path: "ada").path
        let made = try slipway(
            server, "token", "create", "ada", "--role", "viewer", "--expires", "2h", "--save", file)
        #expect(made.code == 0, "\(made.words)")
        let text = try String(contentsOfFile: file, encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(!made.words.contains(text.suffix(64)))
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
        #expect((mode as? NSNumber)?.intValue == 0o600)

        let who = try slipway(server, as: file, "whoami")
        #expect(who.code == 0)
        #expect(who.words.contains("name     ada\nrole     viewer\nmay      fleet.read\n"))
        #expect(try slipway(server, as: file, "device", "list").code == 0)
        let refused = try slipway(server, as: file, "cohort", "save", "c", "all")
        #expect(refused.code == 77)
        #expect(refused.words.contains("cohorts.change is needed"), "\(refused.words)")

        let list = try slipway(server, "token", "list", "--json")
        let tokens = try ListAnswer<TokenSummary>(
            parsing: Array(list.words.utf8), limitBytes: 65_536)
        let ada = try #require(tokens.items.first { $0.name.text == "ada" })
        #expect(ada.lastUsed != nil && ada.createdBy.text == "operator" && ada.revoked == nil)
        #expect(!list.words.contains(text.suffix(64)))
        #expect(try slipway(server, "token", "list").words.contains(ada.id.text))

        #expect(try slipway(server, "token", "revoke", ada.id.text).code == 0)
        let after = try slipway(server, as: file, "whoami")
        #expect(after.code == 77)
        #expect(after.words.contains("missing, wrong, expired or revoked"), "\(after.words)")
        #expect(try slipway(server, "token", "revoke", ada.id.text).code == 0)
    }

    @Test func aTokenIsToldOnStandardOutputOnce() throws {
        let server = try ServerProcess()
        let made = try slipway(
            server, "token", "create", "ci", "--role", "admin", "--action", "releases.publish",
            "--action", "fleet.read", "--expires", "never", "--json")
        let new = try NewToken(parsing: Array(made.words.utf8), limitBytes: 65_536)
        #expect(new.token.actions == [.readFleet, .publishReleases])
        #expect(new.token.expires == nil)
        let shown = try slipway(server, "token", "create", "x", "--role", "viewer")
        #expect(shown.words.contains(/secret   slw_[0-9a-f]{16}_[0-9a-f]{64}\n/))
        // A file that is there already stays as it is, and no token is made.
        let before = try slipway(server, "token", "list").words
        let taken = server.folder.appending(path: "data/operator-token").path
        let end = try slipway(
            server, "token", "create", "x", "--role", "viewer", "--save", taken)
        #expect(end.code == 73)
        #expect(try slipway(server, "token", "list").words == before)
    }

    @Test func tellsWhatIsWrongWithItsOptions() throws {
        let server = try ServerProcess()
        for arguments in [
            ["token", "create", "ada", "--role", "king"], ["token", "create", "ada"],
            ["token", "create", "a b", "--role", "viewer"],
            ["token", "create", "ada", "--role", "viewer", "--action", "fly"],
            ["token", "create", "ada", "--role", "viewer", "--expires", "soon"],
            ["token", "create", "ada", "--role", "viewer", "--expires", "0s"],
            ["enrolment", "create", "--uses", "0"], ["enrolment", "create", "--attribute", "x"],
            ["enrolment", "create", "--attribute", "a=1", "--attribute", "a=2"],
        ] {
            let end = try ServerProcess.run("slipway", arguments + ["--server", server.url])
            #expect(end.code == 64, "\(arguments): \(end.words)")
        }
        let unknown = try slipway(
            server, "token", "create", "a", "--role", "viewer", "--cohort", "nowhere")
        #expect(unknown.code == 65)
        #expect(unknown.words.contains("there is no cohort called nowhere"))
    }

    @Test func anEnrolmentTokenLetsADeviceIn() throws {
        let folder = try ServerProcess.preparedFolder()
        let server = try ServerProcess(folder: folder)
        let file = folder.appending(path: "device-token").path
        let made = try slipway(
            server, "enrolment", "create", "--hardware", "gw-2", "--note", "line 4", "--save", file)
        #expect(made.code == 0, "\(made.words)")
        let text = try String(contentsOfFile: file, encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let check = try server.checkIn(key: .generate(), token: text)
        #expect(try server.send(.post, "/device/v1/check-in", check).status == 200)

        let list = try slipway(server, "enrolment", "list")
        #expect(list.words.contains("1 of 1"), "\(list.words)")
        #expect(list.words.contains("line 4") && !list.words.contains(text.suffix(64)))
        let json = try slipway(server, "enrolment", "list", "--json")
        let token = try #require(
            try ListAnswer<EnrolmentTokenSummary>(
                parsing: Array(json.words.utf8), limitBytes: 65_536
            ).items.first)
        #expect(token.terms.hardware.map(\.text) == ["gw-2"])
        #expect(try slipway(server, "enrolment", "revoke", token.id.text).code == 0)
        #expect(try slipway(server, "enrolment", "list").words.contains("revoked "))
    }

    /// What sqlmap and the like send as token, name and id; encoded where it stands in a path.
    static let hostile = [
        "'", "' OR '1'='1", "1; DROP TABLE tokens", "x' UNION SELECT sha256 FROM tokens --",
        "../../etc/passwd", "%00", "..%2f..%2fdata%2foperator-token", "a\\b", "{{7*7}}",
        "\u{202e}x",
    ]

    @Test func hostileTextsAreRefusedAndChangeNothing() throws {
        let server = try ServerProcess()
        func state() throws -> [UInt8] {
            try server.asOperator(.get, "tokens").body
                + server.asOperator(.get, "enrolment-tokens").body
        }
        _ = try state()
        let before = try state()
        func refuses(_ answer: HTTPResponse, _ what: String) {
            #expect((400..<500).contains(answer.status), "\(what): \(answer.status)")
        }
        for text in Self.hostile {
            let encoded = URLPath.encode(text)
            for verb in ["tokens/\(encoded)/revoke", "enrolment-tokens/\(encoded)/revoke"] {
                refuses(try server.asOperator(.post, verb), verb)
            }
            let quoted = text.replacing("\\", with: "\\\\")
            for (path, body) in [
                ("tokens", #"{"name":"\#(quoted)","role":"viewer"}"#),
                ("tokens", #"{"name":"x","role":"\#(quoted)"}"#),
                ("tokens", #"{"name":"x","role":"viewer","actions":["\#(quoted)"]}"#),
                ("tokens", #"{"name":"x","role":"viewer","cohorts":["\#(quoted)"]}"#),
                ("enrolment-tokens", #"{"lifetime_seconds":60,"cohort":"\#(quoted)"}"#),
                ("enrolment-tokens", #"{"lifetime_seconds":60,"hardware":["\#(quoted)"]}"#),
                ("enrolment-tokens", #"{"lifetime_seconds":60,"attributes":{"\#(quoted)":"x"}}"#),
            ] {
                refuses(try server.asOperator(.post, path, Array(body.utf8)), body)
            }
            let shown = [("Authorization", "Bearer \(encoded)")]
            #expect(try server.send(.get, "/api/v1/tokens", headers: shown).status == 401)
        }
        for body in [
            #"{"name":"x","role":"viewer","action":["fleet.read"]}"#, "[]", "null",
            #"{"name":"x","role":"viewer","lifetime_seconds":-1}"#,
            #"{"name":"x","role":"viewer","lifetime_seconds":9223372036854775807}"#,
        ] {
            refuses(try server.asOperator(.post, "tokens", Array(body.utf8)), body)
        }
        for body in ["{}", #"{"lifetime_seconds":60,"uses":0}"#, #"{"lifetime_seconds":1e9}"#] {
            refuses(try server.asOperator(.post, "enrolment-tokens", Array(body.utf8)), body)
        }
        let huge = [("Authorization", "Bearer \(String(repeating: "a", count: 60_000))")]
        refuses(try server.send(.get, "/api/v1/tokens", headers: huge), "a huge token")
        let basic = [("Authorization", "Basic \(server.operatorToken)")]
        #expect(try server.send(.get, "/api/v1/tokens", headers: basic).status == 401)
        #expect(try state() == before)
    }

    @Test func noSecretIsInTheLog() throws {
        let folder = try ServerProcess.preparedFolder()
        let log = folder.appending(path: "log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let server = try ServerProcess(
            folder: folder, ["--log-level", "trace"], errors: FileHandle(forWritingTo: log))
        let made = try server.asOperator(
            .post, "tokens", TokenRequest(name: must(OperatorName("x")), role: .viewer).bytes)
        #expect(made.header("cache-control") == "no-store")
        let text = try NewToken(parsing: made.body, limitBytes: 65_536).text
        let wrong = String(text.dropLast()) + (text.hasSuffix("0") ? "1" : "0")
        for shown in [text, wrong] {
            _ = try server.send(
                .get, "/api/v1/tokens", headers: [("Authorization", "Bearer \(shown)")])
        }
        let check = try server.checkIn(key: .generate(), token: "sle_" + wrong.dropFirst(4))
        #expect(try server.send(.post, "/device/v1/check-in", check).status == 401)
        let said = try String(contentsOf: log, encoding: .utf8)
        #expect(said.contains("request refused"))
        for secret in [text, wrong, server.operatorToken] {
            #expect(!said.contains(secret.dropFirst(21).prefix(40)))
        }
    }
}

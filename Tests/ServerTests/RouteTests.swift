import Curl
import Foundation
import Model
import OpenSSL
import Testing
import Trust
import Wire

/// What the server answers over the network.
@Suite struct RouteTests {
    @Test func saysThatItIsHealthy() throws {
        let server = try ServerProcess()
        let answer = try server.send(.get, "/healthz")
        #expect(answer.status == 200)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("ok"))
    }

    // MARK: Devices

    @Test func answersACheckInOnce() throws {
        let server = try ServerProcess()
        let message = try server.checkIn(key: .generate())

        let answer = try server.send(.post, "/device/v1/check-in", message)
        #expect(answer.status == 200)
        let directive = try SignedMessage<Directive>(parsing: answer.body, limitBytes: 65_536)
        #expect(directive.unverified.answers == 1)
        #expect((1...7).contains(directive.unverified.checkInAfterSeconds))
        #expect(try server.send(.post, "/device/v1/check-in", message).status == 409)
    }

    @Test func listsTheDevicesThatASelectorPicks() throws {
        let server = try ServerProcess()
        let message = try server.checkIn(key: .generate())
        #expect(try server.send(.post, "/device/v1/check-in", message).status == 200)
        for (selector, count) in [("hardware == \"gw-2\"", 1), ("not all", 0), ("all", 1)] {
            let answer = try server.asOperator(.get, "devices?select=\(URLPath.encode(selector))")
            let list = try ListAnswer<DeviceSummary>(parsing: answer.body, limitBytes: 65_536)
            #expect(list.items.count == count, "\(selector)")
        }
        let refused = try server.asOperator(.get, "devices?select=\(URLPath.encode("site =="))")
        #expect(refused.status == 422)
        #expect(String(decoding: refused.body, as: UTF8.self).contains("column 8"))
    }

    @Test(arguments: [
        "devices?selector=all", "devices?limit=5&Select=all", "devices?se%6Cect=all", "devices?=",
        "rollouts?state=running&hardware=gw-2", "events?since=1", "whoami?x",
    ])
    func refusesAFilterThatItDoesNotHave(path: String) throws {
        let server = try ServerProcess()
        let refused = try server.asOperator(.get, path)
        #expect(refused.status == 400)
        #expect(String(decoding: refused.body, as: UTF8.self).contains("the query has"))
        #expect(try server.asOperator(.head, path).status == 400)
    }

    @Test func refusesStrangersAndGarbage() throws {
        let server = try ServerProcess()
        let key = try Ed25519PrivateKey.generate()
        let path = "/device/v1/check-in"

        let wrongToken = try server.checkIn(key: key, token: "guess")
        #expect(try server.send(.post, path, wrongToken).status == 401)
        for garbage in ["", "{", "[]", "{\"signed\":{},\"signatures\":[]}", "\u{0}"] {
            let answer = try server.send(.post, path, Array(garbage.utf8))
            #expect(answer.status == 400, "\(garbage)")
            let said = try ErrorAnswer(parsing: answer.body, limitBytes: 65_536)
            #expect(!said.error.isEmpty)
        }
        let long = Array(repeating: UInt8(ascii: "x"), count: 65_537)
        #expect(try server.send(.post, path, long).status == 413)
        // It lives, and a proper device is heard.
        #expect(try server.send(.post, path, server.checkIn(key: key)).status == 200)
        #expect(
            try server.send(.post, path, server.checkIn(sequence: 2, key: .generate())).status
                == 401)
    }

    @Test func anAcknowledgedCheckInSurvivesAKill() throws {
        let server = try ServerProcess()
        let key = try Ed25519PrivateKey.generate()
        for sequence in 1...5 as ClosedRange<Int64> {
            let message = try server.checkIn(sequence: sequence, key: key)
            #expect(try server.send(.post, "/device/v1/check-in", message).status == 200)
        }
        server.kill()

        let again = try ServerProcess(folder: server.folder)

        let replay = try again.checkIn(sequence: 5, key: key)
        #expect(try again.send(.post, "/device/v1/check-in", replay).status == 409)
        let next = try again.checkIn(sequence: 6, key: key)
        #expect(try again.send(.post, "/device/v1/check-in", next).status == 200)
    }

    // MARK: Operators

    static let managed = [
        "devices", "devices/one", "releases", "releases/a/1", "rollouts", "rollouts/r",
        "cohorts", "cohorts/c",
    ]

    @Test func letsNobodyManageWithoutTheToken() throws {
        let server = try ServerProcess()
        for path in Self.managed {
            #expect(try server.send(.get, "/api/v1/\(path)").status == 401, "\(path)")
            let wrong = [("Authorization", "Bearer \(server.enrolmentToken)")]
            #expect(
                try server.send(.get, "/api/v1/\(path)", headers: wrong).status == 401, "\(path)")
        }
        for path in ["plans", "rollouts", "rollouts/r/abort", "metadata"] {
            #expect(try server.send(.post, "/api/v1/\(path)").status == 401, "\(path)")
        }
        let image = String(repeating: "a", count: 64)
        #expect(try server.send(.put, "/api/v1/images/\(image)", [1]).status == 401)
        #expect(
            try server.send(
                .put, "/api/v1/cohorts/c", CohortRequest(selector: "all").bytes
            ).status == 401)
        #expect(try server.asOperator(.get, "devices").status == 200)
    }

    @Test func saysWhatIsWrongWithARequest() throws {
        let server = try ServerProcess()
        #expect(try server.asOperator(.get, "devices/nobody").status == 404)
        #expect(try server.asOperator(.get, "devices/no%20body").status == 400)
        #expect(try server.asOperator(.get, "rollouts/none").status == 404)
        #expect(try server.asOperator(.post, "plans", Array("{".utf8)).status == 400)
        let unknown = Array(
            #"{"rollout":"r","release":"a 1","devices":"all","waves":[],"wave":1}"#.utf8)
        let answer = try server.asOperator(.post, "plans", unknown)
        #expect(answer.status == 400)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("waves"))
        #expect(try server.asOperator(.post, "metadata", [1, 2, 3]).status == 400)
        let forged = Array(#"{"metadata":[{"role":"targets","file":"{}"}]}"#.utf8)
        #expect(try server.asOperator(.post, "metadata", forged).status == 422)
        let nameless = Array(#"{"metadata":[{"role":"","file":"{}"}]}"#.utf8)
        #expect(try server.asOperator(.post, "metadata", nameless).status == 422)
        #expect(try server.asOperator(.put, "images/short", [1]).status == 400)
        let digest = OpenSSLHashing().sha256([1, 2, 3]).hex
        #expect(try server.asOperator(.put, "images/\(digest)", [1, 2, 4]).status == 422)
        #expect(try server.asOperator(.head, "images/\(digest)").status == 404)
        #expect(try server.asOperator(.put, "images/\(digest)", [1, 2, 3]).status == 201)
        #expect(try server.asOperator(.put, "images/\(digest)", [1, 2, 3]).status == 200)
        #expect(try server.asOperator(.head, "images/\(digest)").status == 200)
    }

    // MARK: Files

    @Test func servesTheRepositoryWithRanges() throws {
        let server = try ServerProcess()
        let file = server.folder.appending(path: "acme/repository/metadata/1.root.json")
        let whole = Array(try Data(contentsOf: file))
        let path = "/repository/metadata/1.root.json"

        #expect(try server.send(.get, path).body == whole)
        let part = try server.send(.get, path, headers: [("Range", "bytes=10-")])
        #expect(part.status == 206)
        #expect(part.body == Array(whole[10...]))
        #expect(part.header("content-range") == "bytes 10-\(whole.count - 1)/\(whole.count)")
        let head = try server.send(.head, path)
        #expect(head.status == 200)
        #expect(head.header("content-length") == "\(whole.count)")
        #expect(try server.send(.get, "/repository/metadata/2.root.json").status == 404)
    }

    struct Ask: CustomTestStringConvertible {
        let range: String
        let status: Int
        let body: String
        var testDescription: String { range }
    }

    /// RFC 9110 section 14; the image is `0123456789`.
    static let asks: [Ask] = [
        Ask(range: "bytes=0-3", status: 206, body: "0123"),
        Ask(range: "bytes=7-", status: 206, body: "789"),
        Ask(range: "bytes=-3", status: 206, body: "789"),
        Ask(range: "bytes=-30", status: 206, body: "0123456789"),
        Ask(range: "bytes=8-99", status: 206, body: "89"),
        Ask(range: "bytes=9-99999999999999999999", status: 206, body: "9"),
        Ask(range: "bytes=10-", status: 416, body: ""),
        Ask(range: "bytes=11-", status: 416, body: ""),
        Ask(range: "bytes=99999999999999999999-", status: 416, body: ""),
        Ask(range: "bytes=-0", status: 416, body: ""),
        Ask(range: "bytes=5-2", status: 200, body: "0123456789"),
        Ask(range: "bytes=-", status: 200, body: "0123456789"),
        Ask(range: "bytes=0-1,4-5", status: 200, body: "0123456789"),
        Ask(range: "lines=1-2", status: 200, body: "0123456789"),
        Ask(range: "bytes=a-b", status: 200, body: "0123456789"),
    ]

    @Test func servesRangesOfImages() throws {
        let server = try ServerProcess()
        let path = try server.publish("0123456789")
        for ask in Self.asks {
            let answer = try server.send(.get, path, headers: [("Range", ask.range)])
            #expect(answer.status == ask.status, "\(ask.range)")
            if ask.status == 416 {
                #expect(answer.header("content-range") == "bytes */10", "\(ask.range)")
            } else {
                #expect(String(decoding: answer.body, as: UTF8.self) == ask.body, "\(ask.range)")
            }
        }
        let tag = try #require(try server.send(.head, path).header("etag"))
        let other = [("Range", "bytes=0-3"), ("If-Range", "\"other\"")]
        #expect(try server.send(.get, path, headers: other).status == 200)
        let same = [("Range", "bytes=0-3"), ("If-Range", tag)]
        #expect(try server.send(.get, path, headers: same).status == 206)
        #expect(try server.send(.get, path, headers: [("If-None-Match", tag)]).status == 304)
    }

    @Test func servesOnlyWhatIsPublished() throws {
        let server = try ServerProcess()
        let path = try server.publish("0123456789")
        let targets = server.folder.appending(path: "acme/repository/targets")
        try Data("secret".utf8).write(to: targets.appending(path: ".hidden"))
        try Data("secret".utf8).write(to: targets.appending(path: "plain"))
        try FileManager.default.createSymbolicLink(
            atPath: targets.appending(path: "\(String(repeating: "a", count: 64)).link").path,
            withDestinationPath: server.folder.appending(path: "data/operator-token").path)

        for name in [".hidden", "plain", "\(String(repeating: "a", count: 64)).link", "acme"] {
            let answer = try server.send(.get, "/repository/targets/\(name)")
            #expect(answer.status == 404, "\(name)")
        }
        #expect(try server.send(.get, path).status == 200)
    }

    @Test(arguments: [
        "/repository/../data/operator-token", "/repository/metadata/../../keys/online/offer.pem",
        "/repository/metadata/%2e%2e/%2e%2e/keys/online/offer.pem",
        "/repository/metadata/..%2f..%2fkeys/online/offer.pem", "/repository/staging/x",
        "/repository/metadata", "/repository/", "/data/operator-token", "//etc/passwd",
        "/repository/targets//etc/passwd",
    ])
    func servesNothingElse(path: String) throws {
        let server = try ServerProcess()
        let staging = server.folder.appending(path: "acme/repository/staging")
        try Data("secret".utf8).write(to: staging.appending(path: "x"))

        let answer = try server.send(.get, path)

        #expect([400, 404].contains(answer.status))
        let body = String(decoding: answer.body, as: UTF8.self)
        #expect(!body.contains("secret") && !body.contains("PRIVATE KEY"))
        #expect(!body.contains(server.operatorToken) && !body.contains("root:"))
    }

    @Test(arguments: ["", "/", "/repository"])
    func servesARepositoryThatCanBeVerified(path: String) throws {
        let server = try ServerProcess()
        let image = server.folder.appending(path: "firmware.img")
        try Data("firmware".utf8).write(to: image)
        let home = server.folder.appending(path: "acme").path
        let published = try ServerProcess.run(
            "slipway",
            [
                "release", "publish", image.path, "--name", "acme", "--version", "1",
                "--hardware", "gw-2", "--keys", "\(home)/keys", "--repo", home,
            ])
        #expect(published.code == 0, "\(published.words)")

        let verified = try ServerProcess.run(
            "slipway", ["verify", image.path, "--repo", server.url + path])

        #expect(verified.code == 0, "\(verified.words)")
        #expect(verified.words.contains("matches"))
    }
}

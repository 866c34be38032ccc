import Curl
import Foundation
import Glibc
import OpenSSL
import TestSupport
import Testing

/// The server's own TLS, with OpenSSL's client as the peer.
@Suite struct EncryptionTests {
    private let files: Certificates
    private let folder: URL

    init() throws {
        files = try Certificates()
        try files.make(Certificates.Wish())
        folder = try ServerProcess.preparedFolder()
    }

    private func file(_ name: String) -> String { "\(files.path)/\(name)" }

    private var flags: [String] {
        ["--tls-certificate", file("server.pem"), "--tls-key", file("server.key")]
    }

    private func server(_ more: [String] = [], client: String? = nil, log: Pipe? = nil) throws
        -> ServerProcess
    {
        try ServerProcess(
            folder: folder, flags + more, authority: file("authority.pem"),
            client: client.map {
                ClientCertificate(
                    certificatePath: file("\($0).pem"), keyPath: file("\($0).key"), passphrase: "")
            }, errors: log?.fileHandleForWriting ?? .nullDevice)
    }

    /// What OpenSSL's client says of a handshake with the server.
    private func handshake(_ server: ServerProcess, _ more: String...) throws -> String {
        let address = must(URL(string: server.url))
        let words =
            "openssl s_client -connect 127.0.0.1:\(must(address.port)) -CAfile authority.pem "
            + more.joined(separator: " ") + " </dev/null 2>&1 || true"
        return String(
            decoding: try filtered([], by: "sh", "-c", "cd \(files.path) && \(words)"),
            as: UTF8.self)
    }

    @Test func aDeviceChecksInEncrypted() throws {
        let server = try server()
        #expect(server.url.hasPrefix("https://127.0.0.1:"))
        let answer = try server.send(
            .post, "/device/v1/check-in", server.checkIn(key: .generate()))
        #expect(answer.status == 200)
    }

    /// The last answer is whole before the connection ends, under TLS as without it.
    @Test func whatIsRefusedEarlyIsStillAnswered() throws {
        let server = try server()
        let long = [UInt8](repeating: 1, count: 3_000_000)
        for _ in 0..<5 {
            #expect(try server.send(.post, "/device/v1/check-in", long).status == 413)
        }
        #expect(try server.send(.get, "/healthz").status == 200)
    }

    @Test func anOperatorNamesTheAuthority() throws {
        let server = try server()
        let token = server.folder.appending(path: "data/operator-token").path
        let asked = ["device", "list", "--server", server.url, "--token-file", token]
        let trusting = try ServerProcess.run(
            "slipway", asked + ["--ca-file", file("authority.pem")])
        #expect(trusting.code == 0, "\(trusting.words)")
        let doubting = try ServerProcess.run("slipway", asked + ["--ca-file", file("other.pem")])
        #expect(doubting.code != 0)
        #expect(doubting.words.contains("certificate is not trusted"), "\(doubting.words)")
    }

    @Test func whoeverFollowsEventsNamesTheAuthority() throws {
        let server = try server()
        let cohort = try server.asOperator(.put, "cohorts/c1", Array(#"{"selector":"all"}"#.utf8))
        #expect(cohort.status == 200)
        let process = ChildProcess()
        let pipe = Pipe()
        process.executableURL = ServerProcess.products.appending(path: "slipway")
        process.arguments = [
            "events", "--follow", "--after", "0", "--server", server.url, "--token-file",
            server.folder.appending(path: "data/operator-token").path, "--ca-file",
            file("authority.pem"),
        ]
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        var said = ""
        // Where it does not believe the server it says so, and tries again for ever.
        while !said.contains("cohort c1"), !said.contains("certificate") {
            let data = pipe.fileHandleForReading.availableData
            try #require(!data.isEmpty, "\(said)")
            said += String(decoding: data, as: UTF8.self)
        }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(said.contains("cohort c1"), "\(said)")
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func speaksWhatIsGood(version: String) throws {
        let said = try handshake(server(), version, "-alpn h2,http/1.1")
        #expect(said.contains("Verify return code: 0 (ok)"), "\(said)")
        #expect(said.contains("ALPN protocol: http/1.1"), "\(said)")
    }

    @Test(arguments: ["-tls1", "-tls1_1"])
    func refusesWhatIsOld(version: String) throws {
        let said = try handshake(server(), version, "-cipher DEFAULT:@SECLEVEL=0")
        #expect(said.contains("alert protocol version"), "\(said)")
        #expect(said.contains("no peer certificate available"), "\(said)")
    }

    @Test func aPlainQuestionIsNotAnswered() throws {
        let server = try server()
        let client = try RawClient(server.url)
        client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        let (text, end) = client.rest()
        #expect(!text.contains("HTTP/1.1 200"))
        #expect(end != .nothing)
        #expect(try server.send(.get, "/healthz").status == 200)
    }

    // MARK: Renewal

    /// Reads the log until one of its lines has `words`, and no longer than a minute at a time.
    private func wait(for words: String, in log: Pipe) throws {
        var said = ""
        while !said.contains(words) {
            var question = pollfd(
                fd: log.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
            try #require(poll(&question, 1, 60_000) == 1, "\(said)")
            let more = log.fileHandleForReading.availableData
            try #require(!more.isEmpty, "\(said)")
            said += String(decoding: more, as: UTF8.self)
        }
    }

    private func replace(_ name: String, by other: String) throws {
        let place = URL(filePath: file(name))
        let made = URL(filePath: file("\(name).new"))
        try FileManager.default.copyItem(at: URL(filePath: file(other)), to: made)
        #expect(rename(made.path, place.path) == 0)
    }

    @Test func newConnectionsGetTheNewCertificate() throws {
        let log = Pipe()
        let server = try server(log: log)
        #expect(try handshake(server).contains("subject=CN = server"))
        try files.make(Certificates.Wish(name: "renewed"))

        // The key is not there yet: the pair does not fit, and the old one goes on.
        try replace("server.pem", by: "renewed.pem")
        try wait(for: "the old certificate goes on", in: log)
        #expect(try handshake(server).contains("subject=CN = server"))
        #expect(try server.send(.get, "/healthz").status == 200)

        try replace("server.key", by: "renewed.key")
        try wait(for: "new connections get the new certificate", in: log)
        #expect(try handshake(server).contains("subject=CN = renewed"))
        #expect(try server.send(.get, "/healthz").status == 200)

        try files.write("no certificate", to: "server.pem")
        try wait(for: "the old certificate goes on", in: log)
        #expect(try handshake(server).contains("subject=CN = renewed"))
    }

    // MARK: Clients' certificates

    @Test func aCertificateOfTheAuthorityIsRequired() throws {
        try files.make(Certificates.Wish(name: "device"))
        try files.make(Certificates.Wish(name: "stranger", authority: "other"))
        let asked = ["--tls-client", "required", "--tls-client-ca", file("authority.pem")]
        let server = try server(asked, client: "device")
        #expect(try server.send(.get, "/healthz").status == 200)

        let nobody = try handshake(server, "-tls1_2")
        #expect(nobody.contains("alert handshake failure"), "\(nobody)")
        let stranger = try handshake(server, "-tls1_2 -cert stranger.pem -key stranger.key")
        #expect(stranger.contains("alert"), "\(stranger)")
        let device = try handshake(server, "-tls1_2 -cert device.pem -key device.key")
        #expect(!device.contains("alert"), "\(device)")
        // Nor does it make an operator, or a device, of anybody.
        #expect(try server.send(.get, "/api/v1/devices").status == 401)
    }

    @Test func anOptionalCertificateIsGoodOrAbsent() throws {
        try files.make(Certificates.Wish(name: "stranger", authority: "other"))
        let server = try server(
            ["--tls-client", "optional", "--tls-client-ca", file("authority.pem")])
        #expect(try server.send(.get, "/healthz").status == 200)
        let stranger = try handshake(server, "-tls1_2 -cert stranger.pem -key stranger.key")
        #expect(stranger.contains("alert"), "\(stranger)")
    }

    // MARK: Settings

    private func refusal(_ flags: [String]) throws -> String {
        let end = try ServerProcess.run("slipway-server", ServerProcess.arguments(folder) + flags)
        #expect(end.code == 65)
        return end.words
    }

    @Test func saysWhatIsWrongWithItsFiles() throws {
        try files.make(Certificates.Wish(name: "other-pair"))
        try files.lock("server", passphrase: "secret")
        #expect(
            try refusal(["--tls-certificate", file("server.pem")]).contains("are set together"))
        let pairs: [(certificate: String, key: String, words: String)] = [
            ("server.pem", "other-pair.key", "do not fit together"),
            ("absent.pem", "server.key", "absent.pem cannot be read"),
            ("server.key", "server.key", "holds no certificate"),
            ("server.pem", "server.locked.key", "without a passphrase"),
        ]
        for (certificate, key, words) in pairs {
            let said = try refusal(
                ["--tls-certificate", file(certificate), "--tls-key", file(key)])
            #expect(said.contains(words), "\(said)")
        }
        #expect(try refusal(flags + ["--tls-client", "required"]).contains("tls_client_ca"))
        #expect(try refusal(flags + ["--tls-client", "maybe"]).contains("none, optional"))
        #expect(try refusal(["--tls-client", "required"]).contains("are set together"))
    }

    @Test func refusesAKeyThatOthersCanRead() throws {
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: file("server.key"))
        #expect(try refusal(flags).contains("can be read by others"))
    }
}

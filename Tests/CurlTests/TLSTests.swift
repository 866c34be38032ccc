import Curl
import TestSupport
import Testing

/// Whom we believe, and whom we tell who we are.
@Suite(.serialized) struct TLSTests {
    private let folder: Certificates
    private let server: LoopbackServer

    init() throws {
        folder = try Certificates()
        server = try LoopbackServer { request in
            .ok("\(request.header("x-protocol") ?? "") \(request.header("x-client") ?? "")".utf8)
        }
    }

    private func options(_ edit: (inout HTTPOptions) -> Void = { _ in }) -> HTTPOptions {
        var options = HTTPOptions.standard
        options.authorityPath = "\(folder.path)/authority.pem"
        edit(&options)
        return options
    }

    private func answer(_ front: TLSFront, _ options: HTTPOptions) throws -> String {
        let response = try HTTPClient(options: options).send(get(front.url), bodyLimitBytes: 1000)
        guard response.status == 200 else { return "\(response.status)" }
        return String(decoding: response.body, as: UTF8.self)
    }

    private func problem(
        of wish: Certificates.Wish, trusting authority: String = "authority"
    ) throws -> HTTPError? {
        try folder.make(wish)
        let front = try TLSFront(before: server, in: folder)
        let error = #expect(throws: HTTPError.self) {
            try answer(front, options { $0.authorityPath = "\(folder.path)/\(authority).pem" })
        }
        #expect(server.requests.isEmpty)
        return error
    }

    private func certificateProblem(of error: HTTPError?) -> CertificateProblem? {
        guard case .certificate(let problem, _) = error else { return nil }
        return problem
    }

    @Test func speaksHTTP2WithServersThatDo() throws {
        try folder.make(Certificates.Wish())
        var conduct = TLSFront.Conduct()
        #expect(try answer(TLSFront(conduct, before: server, in: folder), options()) == "HTTP/1.1 ")
        conduct.speaksHTTP2 = true
        #expect(try answer(TLSFront(conduct, before: server, in: folder), options()) == "HTTP/2.0 ")
    }

    @Test func aClockThatIsBehindIsToldSo() throws {
        let error = try problem(
            of: Certificates.Wish(begins: "20890101000000Z", ends: "20900101000000Z"))
        #expect(certificateProblem(of: error) == .notYetValid)
        #expect("\(must(error))".contains("clock of this machine is behind"))
    }

    @Test func anExpiredCertificateIsToldSo() throws {
        let error = try problem(
            of: Certificates.Wish(begins: "20200101000000Z", ends: "20200102000000Z"))
        #expect(certificateProblem(of: error) == .expired)
    }

    @Test func aCertificateForAnotherHostIsRefused() throws {
        let error = try problem(of: Certificates.Wish(subjectAlternativeName: "IP:127.0.0.2"))
        #expect(certificateProblem(of: error) == .other)
    }

    @Test func onlyTheNamedAuthorityIsTrusted() throws {
        let error = try problem(of: Certificates.Wish(), trusting: "other")
        #expect(certificateProblem(of: error) == .other)
    }

    @Test func theSystemsAuthoritiesDoNotKnowOurs() throws {
        try folder.make(Certificates.Wish())
        let front = try TLSFront(before: server, in: folder)
        expectError(.certificate) { _ = try answer(front, options { $0.authorityPath = nil }) }
    }

    @Test func aMissingAuthorityIsNotTheNetworksFault() throws {
        try folder.make(Certificates.Wish())
        let front = try TLSFront(before: server, in: folder)
        expectError(.library) {
            _ = try answer(front, options { $0.authorityPath = "\(folder.path)/nothing.pem" })
        }
    }

    @Test func oldVersionsOfTLSAreNotSpoken() throws {
        try folder.make(Certificates.Wish())
        var conduct = TLSFront.Conduct()
        conduct.protocols = "TLSv1 TLSv1.1"
        let front = try TLSFront(conduct, before: server, in: folder)
        expectError(.network) { _ = try answer(front, options()) }
        #expect(server.requests.isEmpty)
    }

    @Test func showsItsOwnCertificate() throws {
        try folder.make(Certificates.Wish())
        try folder.make(Certificates.Wish(name: "device-7", subjectAlternativeName: "DNS:device-7"))
        try folder.lock("device-7", passphrase: "corréct horse")
        var conduct = TLSFront.Conduct()
        conduct.clientAuthority = "authority"
        let front = try TLSFront(conduct, before: server, in: folder)
        #expect(try answer(front, options()) == "400")
        for (key, passphrase) in [("device-7.key", ""), ("device-7.locked.key", "corréct horse")] {
            let own = options {
                $0.clientCertificate = ClientCertificate(
                    certificatePath: "\(folder.path)/device-7.pem",
                    keyPath: "\(folder.path)/\(key)", passphrase: passphrase)
            }
            #expect(try answer(front, own) == "HTTP/1.1 CN=device-7")
        }
        for passphrase in ["", "wrong"] {
            let own = options {
                $0.clientCertificate = ClientCertificate(
                    certificatePath: "\(folder.path)/device-7.pem",
                    keyPath: "\(folder.path)/device-7.locked.key", passphrase: passphrase)
            }
            expectError(.library) { _ = try answer(front, own) }
        }
    }

    // MARK: Downloads over HTTP/2

    private func front(
        before answer: @escaping @Sendable (ReceivedRequest) -> Reply
    ) throws -> TLSFront {
        try folder.make(Certificates.Wish())
        var conduct = TLSFront.Conduct()
        conduct.speaksHTTP2 = true
        return try TLSFront(conduct, before: LoopbackServer(answer), in: folder)
    }

    @Test func aFileComesWholeOverHTTP2() throws {
        let image = DownloadTests.image
        let front = try front { _ in .ok(image) }
        var bytes: [UInt8] = []
        let end = try HTTPClient(options: options()).download(
            url: front.url, headers: [], from: 0, ofLength: Int64(image.count)
        ) {
            bytes += $0
            return true
        }
        #expect(end == .complete(bytes: Int64(image.count)))
        #expect(bytes == image)
        #expect(front.server.requests.first?.header("x-protocol") == "HTTP/2.0")
    }

    @Test func aFileWithoutEndIsCutOffOverHTTP2() throws {
        let front = try front { _ in
            .endless(
                Array("HTTP/1.1 200 OK\r\n\r\n".utf8), repeating: Array(repeating: 0, count: 9999))
        }
        var count: Int64 = 0
        #expect(throws: HTTPError.tooLong(limitBytes: 1_000_000)) {
            try HTTPClient(options: options()).download(
                url: front.url, headers: [], from: 0, ofLength: 1_000_000
            ) {
                count += Int64($0.count)
                return true
            }
        }
        #expect(count <= 1_000_000)
        #expect(front.server.requests.first?.header("x-protocol") == "HTTP/2.0")
    }

    @Test func anotherLengthIsRefusedOverHTTP2() throws {
        let front = try front { _ in .ok([1, 2, 3]) }
        let end = try HTTPClient(options: options()).download(
            url: front.url, headers: [], from: 0, ofLength: 4
        ) { _ in
            Issue.record("handed on")
            return true
        }
        #expect(end == .foreign(.length(found: 3, expected: 4)))
    }

    /// TLS vouches for each step, so that a redirect to an absent file is the server's word.
    @Test func aStatusBehindARedirectIsTheServersOwnWithTLS() throws {
        let front = try front { request in
            request.target == "/elsewhere"
                ? .status("404 Not Found") : .status("302 Found", [], "Location: /elsewhere\r\n")
        }
        let end = try HTTPClient(options: options()).download(
            url: front.url, headers: [], from: 0, ofLength: 4
        ) { _ in true }
        #expect(end == .notFound)
    }
}

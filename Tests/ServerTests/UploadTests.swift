import Curl
import Foundation
import Model
import OpenSSL
import TestSupport
import Testing
import Trust
import Wire

/// Uploads that are interrupted: nothing that was acknowledged is lost, and nothing wrong is kept.
@Suite struct UploadTests {
    private static func image(_ count: Int = 3_000_000) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 7) }
    }

    // MARK: The protocol

    @Test func takesAnImageInPieces() throws {
        let server = try ServerProcess()
        let image = Self.image()
        let begun = try server.begin(image)
        #expect(begun.status == 201)
        #expect(begun.header("tus-resumable") == "1.0.0")
        #expect(begun.header("location") == "/api/v1/uploads/\(server.digest(image))")
        #expect(begun.header("upload-expires")?.hasSuffix("GMT") == true)

        for (start, end) in [
            (0, 1), (1, 1_000_000), (1_000_000, 1_000_000), (1_000_000, 2_999_999),
        ] {
            let answer = try server.patch(image, start..<end)
            #expect(answer.status == 204)
            #expect(answer.header("upload-offset") == "\(end)")
        }
        #expect(try server.asOperator(.head, "images/\(server.digest(image))").status == 404)
        let head = try server.tus(.head, server.digest(image))
        #expect(head.header("upload-offset") == "2999999")
        #expect(head.header("upload-length") == "3000000")
        #expect(head.header("cache-control") == "no-store")

        let last = try server.patch(image, 2_999_999..<3_000_000)
        #expect(last.status == 204)
        #expect(last.header("upload-offset") == "3000000")
        #expect(try server.asOperator(.head, "images/\(server.digest(image))").status == 200)
        // Complete it stays: for whoever did not hear the last answer, and whoever begins again.
        #expect(
            try server.tus(.head, server.digest(image)).header("upload-offset") == "3000000")
        #expect(try server.begin(image).header("upload-offset") == "3000000")
        #expect(try server.staging() == [server.digest(image)])
    }

    @Test func tellsWhatItCanDo() throws {
        let server = try ServerProcess()
        let answer = try server.tus(.post, "", version: nil)
        #expect(answer.status == 412)
        #expect(answer.header("tus-version") == "1.0.0")
        for version in ["0.2.2", "1.0.1", ""] {
            #expect(
                try server.tus(.head, server.digest([1]), version: version).status == 412)
        }
        let image = Self.image(10)
        let path = "/api/v1/uploads"
        #expect(try server.send(.post, path, headers: server.tusHeaders()).status == 401)
        #expect(try server.tus(.head, server.digest(image)).status == 404)
        #expect(try server.patch(image, 0..<10).status == 404)
        #expect(try server.tus(.delete, server.digest(image)).status == 404)
    }

    struct Wrong: CustomTestStringConvertible {
        let headers: [(String, String)]
        let status: Int
        var testDescription: String { "\(headers)" }
    }

    private static let good =
        "sha256 \(Base64.encode(Array(String(repeating: "a", count: 64).utf8)))"
    static let wrong: [Wrong] = [
        Wrong(headers: [("Upload-Metadata", good)], status: 400),
        Wrong(headers: [("Upload-Metadata", good), ("Upload-Length", "-1")], status: 400),
        Wrong(headers: [("Upload-Metadata", good), ("Upload-Length", "0")], status: 400),
        Wrong(headers: [("Upload-Metadata", good), ("Upload-Length", "1e3")], status: 400),
        Wrong(headers: [("Upload-Metadata", good), ("Upload-Defer-Length", "1")], status: 400),
        Wrong(
            headers: [("Upload-Metadata", good), ("Upload-Length", "99999999999999")], status: 413),
        Wrong(headers: [("Upload-Length", "5")], status: 422),
        Wrong(headers: [("Upload-Length", "5"), ("Upload-Metadata", "sha256")], status: 422),
        Wrong(headers: [("Upload-Length", "5"), ("Upload-Metadata", "sha256 !!")], status: 422),
        Wrong(
            headers: [("Upload-Length", "5"), ("Upload-Metadata", "\(good),\(good)")], status: 422),
        Wrong(
            headers: [
                ("Upload-Length", "5"),
                ("Upload-Metadata", "sha256 \(Base64.encode(Array("../../x".utf8)))"),
            ], status: 422),
    ]

    @Test func refusesWhatItCannotBegin() throws {
        let server = try ServerProcess()
        for wrong in Self.wrong {
            let answer = try server.tus(.post, "", headers: wrong.headers)
            #expect(answer.status == wrong.status, "\(wrong.headers)")
            #expect(answer.header("tus-resumable") == "1.0.0", "\(wrong.headers)")
        }
        #expect(try server.staging().isEmpty)
    }

    @Test(arguments: ["..", "%2e%2e%2fx", "x", "../staging", String(repeating: "A", count: 64)])
    func anUploadIsNamedByADigestAndNothingElse(name: String) throws {
        let server = try ServerProcess()
        for method in [HTTPMethod.head, .patch, .delete] {
            let answer = try server.tus(
                method, name,
                headers: [
                    ("Upload-Offset", "0"), ("Content-Type", "application/offset+octet-stream"),
                ])
            #expect([400, 404, 405].contains(answer.status), "\(method) \(name)")
        }
        #expect(try server.staging().isEmpty)
    }

    @Test func refusesPiecesThatDoNotFit() throws {
        let server = try ServerProcess()
        let image = Self.image(1000)
        let digest = server.digest(image)
        #expect(try server.begin(image).status == 201)
        #expect(try server.patch(image, 0..<400).status == 204)

        #expect(try server.patch(image, 0..<400).status == 409)
        #expect(try server.patch(image, 500..<600).status == 409)
        let type = try server.tus(
            .patch, digest, [1],
            headers: [("Upload-Offset", "400"), ("Content-Type", "application/json")])
        #expect(type.status == 415)
        let offset = try server.tus(
            .patch, digest, [1],
            headers: [("Upload-Offset", "-4"), ("Content-Type", "application/offset+octet-stream")])
        #expect(offset.status == 400)
        let long = try server.patch(image + image, 400..<1001, of: digest)
        #expect(long.status == 413)
        #expect(try server.tus(.head, digest).header("upload-offset") == "400")
        // Of another length it is another file, and one of the two is wrong.
        let other = try server.tus(
            .post, "",
            headers: [
                ("Upload-Length", "1001"),
                ("Upload-Metadata", "sha256 \(Base64.encode(Array(digest.utf8)))"),
            ])
        #expect(other.status == 409)
        #expect(try server.patch(image, 400..<1000).status == 204)
    }

    @Test func forgetsBytesOfAnotherImage() throws {
        let server = try ServerProcess()
        var image = Self.image(1000)
        let digest = server.digest(image)
        #expect(try server.begin(image).status == 201)
        image[500] ^= 1
        #expect(try server.patch(image, 0..<999, of: digest).status == 204)
        let last = try server.patch(image, 999..<1000, of: digest)
        #expect(last.status == 422)
        #expect(String(decoding: last.body, as: UTF8.self).contains("do not have the SHA-256"))
        #expect(try server.tus(.head, digest).status == 404)
        #expect(try server.staging().isEmpty)

        image[500] ^= 1
        #expect(try server.begin(image).status == 201)
        #expect(try server.patch(image, 0..<1000).status == 204)
        #expect(try server.staging() == [digest])
    }

    @Test func keepsOnlyPiecesThatHaveTheirChecksum() throws {
        let server = try ServerProcess()
        let image = Self.image(1000)
        let digest = server.digest(image)
        #expect(try server.begin(image).status == 201)
        func patch(_ range: Range<Int>, _ checksum: String) throws -> Int {
            try server.tus(
                .patch, digest, Array(image[range]),
                headers: [
                    ("Upload-Offset", "\(range.lowerBound)"), ("Upload-Checksum", checksum),
                    ("Content-Type", "application/offset+octet-stream"),
                ]
            ).status
        }
        func checksum(_ range: Range<Int>) -> String {
            "sha256 \(Base64.encode(OpenSSLHashing().sha256(Array(image[range])).bytes))"
        }
        #expect(try patch(0..<300, checksum(0..<300)) == 204)
        #expect(try patch(300..<600, checksum(0..<300)) == 460)
        #expect(try server.tus(.head, digest).header("upload-offset") == "300")
        #expect(try patch(300..<600, "crc32 AAAA") == 422)
        #expect(try patch(300..<1000, checksum(300..<1000)) == 204)
        #expect(try server.staging() == [digest])
    }

    @Test func endsAnUploadOnRequest() throws {
        let server = try ServerProcess()
        let image = Self.image(1000)
        #expect(try server.begin(image).status == 201)
        #expect(try server.patch(image, 0..<300).status == 204)
        #expect(
            try server.tus(
                .post, server.digest(image), headers: [("X-HTTP-Method-Override", "DELETE")]
            ).status == 204)
        #expect(try server.tus(.head, server.digest(image)).status == 404)
        #expect(try server.staging().isEmpty)
    }

    // MARK: Interruptions

    @Test func goesOnAfterTheConnectionWasCut() throws {
        let server = try ServerProcess()
        let image = Self.image()
        #expect(try server.begin(image).status == 201)
        server.cut(image, from: 0, after: 1_500_000)

        // What had come is not thrown away; what was still on its way may have come meanwhile.
        var status = 409
        while status == 409 {
            let reached = try server.offset(of: image)
            #expect(reached <= 1_500_000)
            status = try server.patch(image, reached..<3_000_000).status
        }
        #expect(status == 204)
        #expect(try server.asOperator(.head, "images/\(server.digest(image))").status == 200)
    }

    @Test func goesOnAfterTheServerWasKilledAnywhere() throws {
        let image = Self.image()
        let folder = try ServerProcess.preparedFolder()
        // Their folder goes with them.
        var servers: [ServerProcess] = []
        var acknowledged = 0
        for round in 0..<6 {
            let server = try ServerProcess(folder: folder)
            servers.append(server)
            #expect(try server.begin(image).status == 201)
            let reached = try server.offset(of: image)
            #expect(reached >= acknowledged, "round \(round)")
            let end = min(reached + 400_000, 2_999_999)
            let answer = try server.patch(image, reached..<end)
            #expect(answer.status == 204)
            acknowledged = end
            // Killed in the middle of the next piece.
            server.cut(image, from: end, after: 100_000) { server.kill() }
        }
        let server = try ServerProcess(folder: folder)
        let reached = try server.offset(of: image)
        #expect(reached >= acknowledged)
        #expect(try server.patch(image, reached..<3_000_000).status == 204)
        #expect(try server.staging() == [server.digest(image)])
        let staged = server.folder.appending(
            path: "acme/repository/staging/\(server.digest(image))")
        #expect(try Array(Data(contentsOf: staged)) == image)
    }

    @Test func checksACompleteUploadThatNobodyHasChecked() throws {
        let folder = try ServerProcess.preparedFolder()
        let image = Self.image(1000)
        let staging = folder.appending(path: "acme/repository/staging")
        try FileManager.default.createDirectory(at: staging, withIntermediateDirectories: true)
        let digest = OpenSSLHashing().sha256(image).hex
        // As a power cut between the last byte and the check leaves it.
        try Data(image).write(to: staging.appending(path: "\(digest)-1000.upload"))
        let wrong = OpenSSLHashing().sha256([1]).hex
        try Data(image).write(to: staging.appending(path: "\(wrong)-1000.upload"))

        let server = try ServerProcess(folder: folder)
        #expect(try server.asOperator(.head, "images/\(digest)").status == 404)
        #expect(try server.tus(.head, digest).header("upload-offset") == "1000")
        #expect(try server.asOperator(.head, "images/\(digest)").status == 200)
        #expect(try server.tus(.head, wrong).status == 422)
        #expect(try server.staging() == [digest])
    }

    @Test func whoeverComesLastGoesOn() throws {
        let server = try ServerProcess()
        let image = Self.image()
        #expect(try server.begin(image).status == 201)
        var second: HTTPResponse?
        var first: HTTPResponse?
        // The first connection stands still in the middle of its piece while the second one comes.
        first = try? server.upload(image, from: 0, pausingAfter: 1_000_000) {
            let reached = try server.offset(of: image)
            second = try server.patch(image, reached..<3_000_000)
        }
        #expect(second?.status == 204)
        // What the first then says is not taken, and harms nothing.
        #expect(first == nil || first?.status == 409 || first?.status == 404)
        #expect(try server.asOperator(.head, "images/\(server.digest(image))").status == 200)
        let staged = server.folder.appending(
            path: "acme/repository/staging/\(server.digest(image))")
        #expect(try Array(Data(contentsOf: staged)) == image)
    }

    @Test func removesUploadsThatNobodyGoesOnWith() throws {
        let server = try ServerProcess()
        let old = Self.image(1000)
        #expect(try server.begin(old).status == 201)
        #expect(try server.patch(old, 0..<500).status == 204)
        let file = try #require(try server.staging().first)
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -90_000)],
            ofItemAtPath: server.folder.appending(path: "acme/repository/staging/\(file)").path)

        #expect(try server.begin([1, 2]).status == 201)

        #expect(try server.tus(.head, server.digest(old)).status == 404)
        #expect(try server.tus(.head, server.digest([1, 2])).status == 200)
    }

    // MARK: Other people's clients

    /// tuspy stops in the middle, and another process goes on by the address alone.
    @Test func aForeignClientUploadsAndGoesOn() throws {
        let server = try ServerProcess()
        let image = Self.image(1_000_000)
        let file = server.folder.appending(path: "x.img")
        try Data(image).write(to: file)
        let program = """
            import sys
            from tusclient.client import TusClient
            url, token, path, digest = sys.argv[1:5]
            client = TusClient(
                f"{url}/api/v1/uploads", headers={"Authorization": f"Bearer {token}"})
            first = client.uploader(path, chunk_size=100_000, metadata={"sha256": digest})
            first.upload(stop_at=300_000)
            second = client.uploader(path, chunk_size=250_000, url=first.url)
            assert second.offset == 300_000, second.offset
            second.upload()
            third = client.uploader(path, chunk_size=250_000, url=first.url)
            print("offset", third.offset)
            import requests
            asked = requests.options(
                f"{url}/api/v1/uploads", headers={"Authorization": f"Bearer {token}"})
            print(asked.status_code, asked.headers["Tus-Version"], asked.headers["Tus-Extension"])
            """
        let process = ChildProcess()
        let output = Pipe()
        process.executableURL = BucketServer.python
        process.arguments =
            BucketServer.pythonArguments + [
                "-c", program, server.url, server.operatorToken, file.path, server.digest(image),
            ]
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(
            said == """
                offset 1000000
                204 1.0.0 creation,expiration,termination,checksum

                """)
        #expect(try server.staging() == [server.digest(image)])
    }

    // MARK: The command line

    @Test func publishingGoesOnWhereItWasInterrupted() throws {
        let server = try ServerProcess()
        let image = Self.image()
        let file = server.folder.appending(path: "x.img")
        try Data(image).write(to: file)
        #expect(try server.begin(image).status == 201)
        #expect(try server.patch(image, 0..<2_000_000).status == 204)

        let end = try ServerProcess.run(
            "slipway",
            [
                "release", "publish", file.path, "--name", "acme", "--version", "1.0",
                "--hardware", "gw-2", "--keys", server.folder.appending(path: "acme/keys").path,
                "--server", server.url, "--token-file",
                server.folder.appending(path: "data/operator-token").path,
            ])

        #expect(end.code == 0, "\(end.words)")
        #expect(end.words.contains("going on at 2000000 of 3000000 bytes"), "\(end.words)")
        #expect(end.words.contains("is published"))
        let verified = try ServerProcess.run(
            "slipway", ["verify", file.path, "--repo", server.url])
        #expect(verified.code == 0, "\(verified.words)")
    }
}

extension ServerProcess {
    func digest(_ image: [UInt8]) -> String { OpenSSLHashing().sha256(image).hex }

    func tusHeaders(_ version: String? = "1.0.0") -> [(String, String)] {
        version.map { [("Tus-Resumable", $0)] } ?? []
    }

    func tus(
        _ method: HTTPMethod, _ name: String, _ body: [UInt8] = [], version: String? = "1.0.0",
        headers: [(String, String)] = []
    ) throws -> HTTPResponse {
        try send(
            method, "/api/v1/uploads\(name.isEmpty ? "" : "/\(name)")", body,
            headers: tusHeaders(version) + headers + [("Authorization", "Bearer \(operatorToken)")])
    }

    func begin(_ image: [UInt8]) throws -> HTTPResponse {
        try tus(
            .post, "",
            headers: [
                ("Upload-Length", "\(image.count)"),
                ("Upload-Metadata", "sha256 \(Base64.encode(Array(digest(image).utf8)))"),
            ])
    }

    func patch(
        _ image: [UInt8], _ range: Range<Int>, of digest: String? = nil
    ) throws -> HTTPResponse {
        try tus(
            .patch, digest ?? self.digest(image),
            Array(image[range]), headers: Self.patchHeaders(range.lowerBound))
    }

    static func patchHeaders(_ offset: Int) -> [(String, String)] {
        [
            ("Upload-Offset", "\(offset)"), ("Content-Type", "application/offset+octet-stream"),
        ]
    }

    func offset(of image: [UInt8]) throws -> Int {
        Int(try tus(.head, digest(image)).header("upload-offset") ?? "") ?? -1
    }

    /// The files in `staging`.
    func staging() throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            atPath: folder.appending(path: "acme/repository/staging").path)
    }

    /// Sends the image from an offset on, and does something when so many bytes are on their way.
    func upload(
        _ image: [UInt8], from offset: Int, pausingAfter count: Int, _ body: () throws -> Void
    ) throws -> HTTPResponse {
        var sent = 0
        var hasPaused = false
        var failure: (any Error)?
        let answer = try HTTPClient(options: .standard).upload(
            url: "\(url)/api/v1/uploads/\(digest(image))", method: .patch,
            headers: tusHeaders() + Self.patchHeaders(offset) + [
                ("Authorization", "Bearer \(operatorToken)")
            ], length: Int64(image.count - offset), bodyLimitBytes: 65_536
        ) { maximum in
            if sent >= count, !hasPaused {
                hasPaused = true
                do { try body() } catch { failure = error }
            }
            let start = offset + sent
            let piece = Array(image[start..<min(start + maximum, image.count)])
            sent += piece.count
            return piece
        }
        if let failure { throw failure }
        return answer
    }

    /// Sends a part of what it announces, does something, and cuts the connection.
    func cut(_ image: [UInt8], from offset: Int, after count: Int, _ body: () -> Void = {}) {
        var sent = 0
        _ = try? HTTPClient(options: .standard).upload(
            url: "\(url)/api/v1/uploads/\(digest(image))", method: .patch,
            headers: tusHeaders() + Self.patchHeaders(offset) + [
                ("Authorization", "Bearer \(operatorToken)")
            ], length: Int64(image.count - offset), bodyLimitBytes: 65_536
        ) { maximum in
            guard sent < count else {
                body()
                return []
            }
            let start = offset + sent
            let piece = Array(image[start..<min(start + min(maximum, count - sent), image.count)])
            sent += piece.count
            return piece
        }
    }
}

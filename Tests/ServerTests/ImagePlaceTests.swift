import Curl
import Foundation
import Model
import OpenSSL
import TestSupport
import Testing
import Trust
import Wire

/// Servers whose images lie elsewhere.
@Suite struct ImagePlaceTests {
    private static let image = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* 13 ^ $0 >> 8) }

    private static func publish(
        _ server: ServerProcess, _ version: String = "1.0", bytes: [UInt8] = image
    ) throws -> (code: Int32, words: String) {
        let file = server.folder.appending(path: "x.img")
        try Data(bytes).write(to: file)
        return try ServerProcess.run(
            "slipway",
            [
                "release", "publish", file.path, "--name", "acme", "--version", version,
                "--hardware", "gw-2", "--keys", server.folder.appending(path: "acme/keys").path,
                "--server", server.url, "--token-file",
                server.folder.appending(path: "data/operator-token").path,
            ])
    }

    /// The arguments and the key file of a server with a bucket.
    private static func arguments(_ bucket: BucketServer, _ folder: URL) throws -> [String] {
        let key = folder.appending(path: "bucket-key")
        let text = """
            [default]
            aws_access_key_id = \(BucketServer.keyID)
            aws_secret_access_key = \(BucketServer.secret)

            """
        _ = FileManager.default.createFile(
            atPath: key.path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        return [
            "--images", "s3://\(BucketServer.bucket)/fleet", "--s3-endpoint", bucket.url,
            "--s3-region", BucketServer.region, "--s3-credentials-file", key.path,
        ]
    }

    /// The path of the one image, as devices ask for it.
    private static func path(_ digest: String, _ version: String = "1.0") -> String {
        "acme/\(version)/\(digest).x.img"
    }

    /// Fetches as the agent does, from an offset on.
    private static func fetch(
        _ server: ServerProcess, _ path: String, from offset: Int
    ) throws -> [UInt8] {
        var got: [UInt8] = []
        let end = try HTTPClient(options: .standard).download(
            url: "\(server.url)/repository/targets/\(path)", headers: [], from: Int64(offset),
            ofLength: Int64(image.count)
        ) {
            got += $0
            return true
        }
        #expect(end == .complete(bytes: Int64(image.count - offset)))
        return got
    }

    @Test func devicesAreSentToTheBucket() throws {
        let bucket = try BucketServer()
        let folder = try ServerProcess.preparedFolder()
        let server = try ServerProcess(folder: folder, Self.arguments(bucket, folder))
        let published = try Self.publish(server)
        #expect(published.code == 0, "\(published.words)")
        let digest = server.digest(Self.image)
        let path = Self.path(digest)

        // Nothing of the image is on the server.
        #expect(try server.staging().isEmpty)
        let targets = folder.appending(path: "acme/repository/targets").path
        #expect(try FileManager.default.contentsOfDirectory(atPath: targets).isEmpty)

        let head = try server.send(.head, "/repository/targets/\(path)")
        #expect(head.status == 200)
        #expect(head.header("content-length") == "400000")
        #expect(try Self.fetch(server, path, from: 0) == Self.image)
        #expect(try Self.fetch(server, path, from: 123_456) == Array(Self.image[123_456...]))
        let verified = try ServerProcess.run(
            "slipway",
            ["verify", folder.appending(path: "x.img").path, "--repo", server.url])
        #expect(verified.code == 0, "\(verified.words)")
        // Publishing again finds everything there.
        let again = try Self.publish(server)
        #expect(again.code == 0, "\(again.words)")
        #expect(again.words.contains("already published"))
    }

    @Test func theBucketShowsNothingThatNobodySigned() throws {
        let bucket = try BucketServer()
        let folder = try ServerProcess.preparedFolder()
        let server = try ServerProcess(folder: folder, Self.arguments(bucket, folder))
        let digest = server.digest(Self.image)
        #expect(try server.begin(Self.image).status == 201)
        #expect(try server.patch(Self.image, 0..<400_000).status == 204)
        #expect(try server.asOperator(.head, "images/\(digest)").status == 200)
        for path in [Self.path(digest), "\(digest).x.img"] {
            for method in [HTTPMethod.get, .head] {
                let answer = try server.send(method, "/repository/targets/\(path)")
                #expect(answer.status == 404, "\(method) \(path)")
            }
        }
        #expect(try Self.publish(server).code == 0)
        #expect(try server.send(.head, "/repository/targets/\(Self.path(digest))").status == 200)
        // The right bytes under a wrong name are not served either.
        #expect(try server.send(.get, "/repository/targets/\(digest).x.img").status == 404)
    }

    @Test func anUploadWaitsForABucketThatIsAway() throws {
        let bucket = try BucketServer()
        let folder = try ServerProcess.preparedFolder()
        let server = try ServerProcess(folder: folder, Self.arguments(bucket, folder))
        #expect(try server.begin(Self.image).status == 201)
        bucket.kill()
        let last = try server.patch(Self.image, 0..<400_000)
        #expect(last.status == 503)
        #expect(last.header("retry-after") == "10")
        // The bytes that came are not lost with it.
        let digest = server.digest(Self.image)
        #expect(try server.staging() == ["\(digest)-400000.upload"])
    }

    @Test func aServerStartsWithoutItsBucket() throws {
        let bucket = try BucketServer()
        let folder = try ServerProcess.preparedFolder()
        let flags = try Self.arguments(bucket, folder)
        bucket.kill()
        let server = try ServerProcess(folder: folder, flags)
        #expect(
            try server.send(.post, "/device/v1/check-in", server.checkIn(key: .generate())).status
                == 200)
        #expect(try server.begin(Self.image).status == 503)
        #expect(try server.send(.get, "/repository/metadata/1.root.json").status == 200)
    }

    @Test func aServerWithoutARightKeyDoesNotStart() throws {
        let bucket = try BucketServer()
        let folder = try ServerProcess.preparedFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let flags = try Self.arguments(bucket, folder)
        let key = folder.appending(path: "bucket-key")
        func end() throws -> String {
            let end = try ServerProcess.run(
                "slipway-server", ServerProcess.arguments(folder) + flags)
            #expect(end.code == 65, "\(end.words)")
            #expect(!end.words.contains(BucketServer.secret))
            return end.words
        }
        let text = try String(contentsOf: key, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key.path)
        #expect(try end().contains("can be read by others"))
        try FileManager.default.removeItem(at: key)
        #expect(try end().contains("cannot be read"))
        let wrong = text.replacing(BucketServer.secret, with: "of-somebody-else")
        _ = FileManager.default.createFile(
            atPath: key.path, contents: Data(wrong.utf8), attributes: [.posixPermissions: 0o600])
        let words = try end()
        #expect(words.contains("SignatureDoesNotMatch"), "\(words)")
        #expect(!words.contains("of-somebody-else"))
    }

    @Test(arguments: ["s3://x", "ftp://cdn", "https://", "folder", "https://cdn/?a=b"])
    func aPlaceThatIsNoneIsRefused(place: String) throws {
        let folder = try ServerProcess.preparedFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let end = try ServerProcess.run(
            "slipway-server", ServerProcess.arguments(folder) + ["--images", place])
        #expect(end.code == 65, "\(end.words)")
        #expect(end.words.contains("images: "), "\(end.words)")
    }

    // MARK: A content delivery network

    @Test func devicesAreSentToTheNetworkThatServesTheFolder() throws {
        let folder = try ServerProcess.preparedFolder()
        let network = try StaticServer(folder.appending(path: "acme/repository"))
        let server = try ServerProcess(folder: folder, ["--images", "\(network.url)/"])
        #expect(try Self.publish(server).code == 0)
        let path = Self.path(server.digest(Self.image))

        #expect(try Self.fetch(server, path, from: 0) == Self.image)
        #expect(try Self.fetch(server, path, from: 399_000) == Array(Self.image[399_000...]))
        let log = try network.log()
        #expect(log.contains("GET /targets/\(path) 200"), "\(log)")
        #expect(log.contains("GET /targets/\(path) 206"), "\(log)")
        #expect(!log.contains("/metadata/"), "\(log)")
        #expect(try server.send(.get, "/repository/targets/acme/1.0/nothing").status == 404)
        // What the network itself fetches from us does not lead back to it.
        let origin = try server.send(.get, "/origin/targets/\(path)")
        #expect(origin.status == 200)
        #expect(origin.body == Self.image)
    }

    // MARK: Garbage

    @Test func garbageIsCollectedBesideARunningServer() throws {
        let bucket = try BucketServer()
        for isBucket in [false, true] {
            let folder = try ServerProcess.preparedFolder()
            let flags = isBucket ? try Self.arguments(bucket, folder) : []
            let server = try ServerProcess(folder: folder, flags)
            #expect(try Self.publish(server).code == 0)
            let stray: [UInt8] = [1, 2, 3]
            #expect(try server.begin(stray).status == 201)
            #expect(try server.patch(stray, 0..<3).status == 204)
            func collect(_ more: String...) throws -> (code: Int32, words: String) {
                try ServerProcess.run(
                    "slipway-server", ["gc"] + ServerProcess.arguments(folder) + flags + more)
            }
            // Everything is young.
            let young = try collect()
            #expect(young.code == 0, "\(young.words)")
            #expect(young.words.contains("removed 0 images of 0 bytes"), "\(young.words)")
            #expect(young.words.contains("2 images stay"), "\(young.words)")
            #expect(try server.asOperator(.head, "images/\(server.digest(stray))").status == 200)
            guard !isBucket else { continue }
            let file = folder.appending(path: "acme/repository/staging/\(server.digest(stray))")
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -7300)], ofItemAtPath: file.path)
            let dry = try collect("--older-than", "2h", "--dry-run")
            #expect(dry.words.contains("would remove 1 images of 3 bytes"), "\(dry.words)")
            let wet = try collect("--older-than", "2h")
            #expect(wet.words.contains("removed 1 images of 3 bytes"), "\(wet.words)")
            #expect(try server.asOperator(.head, "images/\(server.digest(stray))").status == 404)
            #expect(try Self.fetch(server, Self.path(server.digest(Self.image)), from: 0).count > 0)
            #expect(try collect("--older-than", "soon").code == 64)
        }
    }
}

/// nginx as a web server of a folder; it ends with its life.
final class StaticServer {
    let url: String
    private let process: ChildProcess
    private let input = Pipe()
    private let folder: URL

    init(_ root: URL) throws {
        setenv("no_proxy", "*", 1)
        folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let port = try LoopbackServer.deadPort()
        url = "http://127.0.0.1:\(port)"
        let place = folder.path
        let text = """
            daemon off; master_process off; pid \(place)/pid; error_log \(place)/errors;
            events { worker_connections 64; }
            http {
              log_format short '$request_method $uri $status';
              access_log \(place)/log short;
              client_body_temp_path \(place)/a; proxy_temp_path \(place)/b;
              fastcgi_temp_path \(place)/c; uwsgi_temp_path \(place)/d; scgi_temp_path \(place)/e;
              server { listen 127.0.0.1:\(port); root \(root.path); }
            }
            """
        try Data(text.utf8).write(to: folder.appending(path: "nginx.conf"))
        process = ChildProcess()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c", "nginx -e \"$0/errors\" -c \"$0/nginx.conf\" & cat > /dev/null; kill -9 $!",
            folder.path,
        ]
        process.standardInput = input
        process.standardError = FileHandle.nullDevice
        try process.run()
        // Until it answers: then it listens.
        let client = try HTTPClient(options: .standard)
        for _ in 0..<10_000 {
            let answer = try? client.send(
                HTTPRequest(method: .get, url: "\(url)/"), bodyLimitBytes: 65_536)
            if answer != nil { return }
        }
    }

    /// One line for each request: method, path and status.
    func log() throws -> String {
        try String(contentsOf: folder.appending(path: "log"), encoding: .utf8)
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }
}

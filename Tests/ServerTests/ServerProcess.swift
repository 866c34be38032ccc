import Curl
import Foundation
import Model
import OpenSSL
import TestSupport
import Trust
import Wire

/// The real `slipway-server` on a repository of its own, on a free port of loopback.
final class ServerProcess {
    let folder: URL
    let url: String
    /// What it said until it listened.
    let said: String
    private let process: ChildProcess
    private let http: HTTPClient

    static let products: URL = {
        let arguments = CommandLine.arguments
        let bundle = arguments.firstIndex(of: "--test-bundle-path").map { arguments[$0 + 1] }
        return URL(filePath: bundle ?? arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
    }()

    /// Makes a repository by `slipway repo init` and starts a server on it.
    convenience init() throws {
        try self.init(folder: ServerProcess.preparedFolder())
    }

    /// Starts a server on a folder that another one has left.
    ///
    /// - Parameters:
    ///   - authority: Whose certificates are believed; needed where the server speaks TLS.
    ///   - errors: Where its log goes.
    convenience init(
        folder: URL, _ more: [String] = [], authority: String? = nil,
        client: ClientCertificate? = nil, errors: FileHandle = .nullDevice,
        descriptorLimit: Int? = nil
    ) throws {
        try self.init(
            folder: folder, arguments: Self.arguments(folder) + more, authority: authority,
            client: client, errors: errors, descriptorLimit: descriptorLimit)
    }

    init(
        folder: URL, arguments: [String], authority: String? = nil,
        client: ClientCertificate? = nil, errors: FileHandle = .nullDevice,
        descriptorLimit: Int? = nil
    ) throws {
        self.folder = folder
        process = ChildProcess()
        process.executableURL = Self.products.appending(path: "slipway-server")
        process.arguments = arguments
        if let descriptorLimit, let server = process.executableURL {
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments =
                ["-c", "ulimit -n \(descriptorLimit) && exec \"$0\" \"$@\"", server.path]
                + arguments
        }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // The server's own word that it listens is what is waited for.
        var said = ""
        while !said.contains("listens on "), process.isRunning || !said.isEmpty {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { throw DidNotStart(said: said) }
            said += String(decoding: data, as: UTF8.self)
        }
        self.said = said
        url = try String(contentsOf: folder.appending(path: "data/address"), encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        var options = HTTPOptions.standard
        options.authorityPath = authority
        options.clientCertificate = client
        http = try HTTPClient(options: options)
    }

    struct DidNotStart: Error { let said: String }

    deinit {
        goOn()
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    static func arguments(_ folder: URL, port: String = "0") -> [String] {
        [
            "--data", folder.appending(path: "data").path, "--repository",
            folder.appending(path: "acme/repository").path, "--online-keys",
            folder.appending(path: "acme/keys/online").path, "--port", port,
            "--check-in-seconds", "7", "--shared-enrolment-token",
        ]
    }

    static func preparedFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let end = try run("slipway", ["repo", "init", folder.appending(path: "acme").path])
        guard end.code == 0 else { throw DidNotStart(said: end.words) }
        return folder
    }

    /// Runs one of our programs to its end.
    ///
    /// - Parameter environment: Variables that it has besides those of this process.
    static func run(
        _ name: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (code: Int32, words: String) {
        let process = ChildProcess()
        let pipe = Pipe()
        process.executableURL = products.appending(path: name)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let words = String(
            decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, words)
    }

    /// Ends the process as a power cut would, and leaves its folder.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Stops the process where it is, as whoever suspends its machine does.
    func pause() { Foundation.kill(process.processIdentifier, SIGSTOP) }

    func goOn() { Foundation.kill(process.processIdentifier, SIGCONT) }

    /// Asks the process to stop, and does not wait for it.
    func terminate() { process.terminate() }

    /// Asks the process to stop, as a service manager does; returns its exit code.
    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Asks the process to stop, and does not wait for it.
    func askToStop() { process.terminate() }

    var operatorToken: String { token("operator-token") }
    var enrolmentToken: String { token("enrolment-token") }

    private func token(_ name: String) -> String {
        let file = folder.appending(path: "data/\(name)")
        return ((try? String(contentsOf: file, encoding: .utf8)) ?? "")
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Publishes an image by the command line; returns its path on the server.
    func publish(_ text: String) throws -> String {
        let image = folder.appending(path: "x.img")
        try Data(text.utf8).write(to: image)
        let end = try Self.run(
            "slipway",
            [
                "release", "publish", image.path, "--name", "acme", "--version", "1.0",
                "--hardware", "gw-2", "--keys", folder.appending(path: "acme/keys").path,
                "--repo", folder.appending(path: "acme").path,
            ])
        guard end.code == 0 else { throw DidNotStart(said: end.words) }
        let targets = folder.appending(path: "acme/repository/targets")
        let found = try FileManager.default.subpathsOfDirectory(atPath: targets.path)
        return "/repository/targets/\(must(found.first { $0.hasSuffix("img") }))"
    }

    // MARK: Requests

    func send(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8] = [],
        headers: [(String, String)] = []
    ) throws -> HTTPResponse {
        try http.send(
            HTTPRequest(method: method, url: "\(url)\(path)", headers: headers, body: body),
            bodyLimitBytes: 16_777_216)
    }

    func asOperator(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8] = []
    ) throws -> HTTPResponse {
        try send(
            method, "/api/v1/\(path)", body, headers: [("Authorization", "Bearer \(operatorToken)")]
        )
    }

    /// A check-in of a new device, signed by `key`.
    func checkIn(
        sequence: Int64 = 1, key: Ed25519PrivateKey, token: String? = nil, device: String = "one"
    ) throws -> [UInt8] {
        try SignedMessage(
            signing: CheckIn(
                device: must(DeviceID(device)), hardware: must(HardwareModel("gw-2")),
                sequence: sequence,
                boot: BootReport(
                    slot: must(SlotName("a")), bootID: must(BootID("b")), release: nil, sha256: nil,
                    isConfirmed: true),
                phase: .idle, attributes: nil,
                enrolment: Enrolment(
                    publicKey: key.ed25519PublicKey, token: token ?? enrolmentToken)),
            keyID: must(KeyID(key.ed25519PublicKey.hex)), with: { try key.sign($0) }
        ).bytes
    }
}

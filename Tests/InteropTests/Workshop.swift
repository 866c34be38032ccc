import Foundation
import TestSupport
import Testing

/// A folder in which our programs and Python work on the same repository.
final class Workshop {
    let folder: URL
    private var server: FolderServer?

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Where SwiftPM puts what it builds: beside the test bundle.
    static let products: URL = {
        let arguments = CommandLine.arguments
        let bundle = arguments.firstIndex(of: "--test-bundle-path").map { arguments[$0 + 1] }
        return URL(filePath: bundle ?? arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
    }()

    struct End {
        let code: Int32
        /// What was printed and complained, in order.
        let words: String
    }

    func run(_ program: URL, _ arguments: [String]) throws -> End {
        let process = ChildProcess()
        let pipe = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let words = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return End(code: process.terminationStatus, words: String(decoding: words, as: UTF8.self))
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    func data(_ name: String) throws -> Data {
        try Data(contentsOf: folder.appending(path: name))
    }

    // MARK: - Our side

    /// Runs `slipway` with the words of `line`.
    @discardableResult
    func slipway(_ line: String) throws -> String {
        let arguments = line.split(separator: " ").map(String.init)
        let end = try run(Self.products.appending(path: "slipway"), arguments)
        try #require(end.code == 0, "slipway \(line): \(end.words)")
        return end.words
    }

    /// Publishes an image and returns the target that it becomes.
    @discardableResult
    func publish(
        _ name: String, _ version: String, _ options: String = "", content: String? = nil
    ) throws -> String {
        let image = "\(name).img"
        try Data((content ?? "\(name) \(version)").utf8).write(to: folder.appending(path: image))
        try slipway(
            "release publish \(image) --name \(name) --version \(version) --hardware gw-2"
                + " --repo acme \(options)")
        return "\(name)/\(version)/\(image)"
    }

    /// The only key of a role that root names.
    func keyID(of role: String) throws -> String {
        let status = try slipway("repo status --repo acme --json")
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(status.utf8)) as? [String: Any])
        let roles = try #require(json["roles"] as? [[String: Any]])
        let signers = try #require(
            roles.first { $0["role"] as? String == role }?["signers"] as? [[String: Any]])
        return try #require((signers.first?["keys"] as? [String])?.first)
    }

    /// Our own client, over HTTP.
    ///
    /// - Parameter arguments: The command and, before it, its options.
    func client(_ repository: String, _ arguments: [String]) throws -> End {
        let server = try self.server ?? FolderServer(folder)
        self.server = server
        return try run(
            Self.products.appending(path: "slipway-tuf"),
            [
                "--metadata-dir", path("client"), "--metadata-url",
                "\(server.url)/\(repository)/metadata", "--target-dir", path("client-targets"),
                "--target-base-url", "\(server.url)/\(repository)/targets",
            ] + arguments)
    }

    /// Makes our client trust the first root of `repository`, and nothing else.
    func trust(_ repository: String) throws {
        try? FileManager.default.removeItem(atPath: path("client"))
        try? FileManager.default.removeItem(atPath: path("client-targets"))
        let end = try run(
            Self.products.appending(path: "slipway-tuf"),
            ["--metadata-dir", path("client"), "init", path("\(repository)/metadata/1.root.json")])
        try #require(end.code == 0, "\(end.words)")
    }

    /// Downloads the target with our client; `nil` when it fails.
    func download(_ target: String, from repository: String) throws -> Data? {
        let end = try client(repository, ["--target-name", target, "download"])
        guard end.code == 0 else { return nil }
        let name = target.replacing("%", with: "%25").replacing("/", with: "%2F")
        return try data("client-targets/\(name)")
    }

    // MARK: - Python's side

    /// A Python program ended badly, which may be what is wanted of it.
    struct PythonFailed: Error { let words: String }

    private static let python = ProcessInfo.processInfo.environment["SLIPWAY_TEST_PYTHON"]

    /// Runs a Python program, which may use python-tuf, to its good end.
    @discardableResult
    func python(_ program: String, _ arguments: [String]) throws -> String {
        let python = try #require(
            Self.python, "run through `make test`, which makes the Python environment")
        let end = try run(URL(filePath: python), ["-c", program] + arguments)
        guard end.code == 0 else { throw PythonFailed(words: end.words) }
        return end.words
    }

    /// What python-tuf's client finds of the targets, starting from the first root.
    func pythonFinds(_ targets: [String]) throws -> PythonFindings {
        try #require(FileManager.default.fileExists(atPath: path("acme/repository")))
        let local = path("python-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            atPath: local, withIntermediateDirectories: false)
        let said = try python(
            PythonPrograms.client, [path("acme/repository"), local] + targets)
        return try JSONDecoder().decode(PythonFindings.self, from: Data(said.utf8))
    }

    /// Lets python-tuf check each metadata file by itself; returns how many signatures it counted.
    func pythonChecksFiles() throws -> [String: Int] {
        let said = try python(PythonPrograms.checker, [path("acme/repository/metadata")])
        return try JSONDecoder().decode([String: Int].self, from: Data(said.utf8))
    }
}

/// What ``PythonPrograms/client`` prints.
struct PythonFindings: Decodable {
    let versions: [String: Int]
    let targets: [String: Target]

    /// A target, or the name of the Python exception that came instead.
    struct Target: Decodable {
        let length: Int?
        let sha256: String?
        let release: String?
        let hardware: [String]?
        let content: String?
        let error: String?
    }
}

import Foundation
import TestSupport
import Testing

/// python-tuf, another team's client, accepts the repositories that we write.
@Suite struct PythonTUFTests {
    /// Refreshes from the folder and downloads one target, as any TUF client would.
    static let client = """
        import os, sys
        from tuf.api.exceptions import DownloadHTTPError
        from tuf.ngclient import Updater
        from tuf.ngclient.fetcher import FetcherInterface

        class Folder(FetcherInterface):
            def _fetch(self, url):
                path = url.removeprefix("http://folder/")
                try:
                    with open(os.path.join(sys.argv[1], path), "rb") as file:
                        return iter([file.read()])
                except FileNotFoundError:
                    raise DownloadHTTPError(url, 404)

        local, target = sys.argv[2], sys.argv[3]
        with open(os.path.join(sys.argv[1], "metadata/1.root.json"), "rb") as file:
            root = file.read()
        updater = Updater(
            metadata_dir=local, metadata_base_url="http://folder/metadata/",
            target_dir=local, target_base_url="http://folder/targets/",
            fetcher=Folder(), bootstrap=root)
        updater.refresh()
        info = updater.get_targetinfo(target)
        path = updater.download_target(info, os.path.join(local, "image"))
        print(info.length, info.hashes["sha256"], info.custom["slipway"]["release"])
        """

    @Test func acceptsAndDownloadsWhatWePublish() throws {
        let python = try #require(
            ProcessInfo.processInfo.environment["SLIPWAY_TEST_PYTHON"],
            "run through `make test`, which makes the Python environment")
        let world = try PublishedWorld()
        defer { world.remove() }
        let local = world.folder.appending(path: "python")
        try FileManager.default.createDirectory(at: local, withIntermediateDirectories: true)

        let said = try world.run(
            URL(filePath: python),
            ["-c", Self.client, world.repository.path, local.path, world.target])

        #expect(said.code == 0, "\(said.output)")
        #expect(said.output.contains("\(world.image.count) "))
        #expect(said.output.contains("acme-gateway"))
        #expect(try Data(contentsOf: local.appending(path: "image")) == world.image)
    }

    @Test func refusesWhatSomebodyChanged() throws {
        let python = try #require(
            ProcessInfo.processInfo.environment["SLIPWAY_TEST_PYTHON"],
            "run through `make test`, which makes the Python environment")
        let world = try PublishedWorld()
        defer { world.remove() }
        let local = world.folder.appending(path: "python")
        try FileManager.default.createDirectory(at: local, withIntermediateDirectories: true)
        let targets = world.repository.appending(path: "metadata/2.targets.json")
        let text = try String(contentsOf: targets, encoding: .utf8)
        try text.replacing("gw-2", with: "gw-3").write(
            to: targets, atomically: true, encoding: .utf8)

        let said = try world.run(
            URL(filePath: python),
            ["-c", Self.client, world.repository.path, local.path, world.target])

        #expect(said.code != 0)
    }
}

/// A folder repository with one image, made by the real `slipway`.
struct PublishedWorld {
    let folder: URL
    let image: Data
    let target = "acme-gateway/2.0.0/firmware.img"

    var repository: URL { folder.appending(path: "acme/repository") }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        image = Data("firmware \(UUID())".utf8)
        let file = folder.appending(path: "firmware.img")
        try image.write(to: file)
        let home = folder.appending(path: "acme").path
        try slipway("repo", "init", home)
        try slipway(
            "release", "publish", file.path, "--name", "acme-gateway", "--version", "2.0.0",
            "--hardware", "gw-2", "--keys", "\(home)/keys", "--repo", home)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    private func slipway(_ arguments: String...) throws {
        let said = try run(Self.products.appending(path: "slipway"), arguments)
        try #require(said.code == 0, "\(said.output)")
    }

    /// Where SwiftPM puts what it builds: beside the test bundle.
    private static var products: URL {
        let arguments = CommandLine.arguments
        let bundle = arguments.firstIndex(of: "--test-bundle-path").map { arguments[$0 + 1] }
        return URL(filePath: bundle ?? arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
    }

    func run(_ program: URL, _ arguments: [String]) throws -> (code: Int32, output: String) {
        let process = ChildProcess()
        let pipe = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}

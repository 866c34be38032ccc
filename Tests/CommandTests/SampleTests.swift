import Foundation
import Testing

/// The sample firmware: what `slipway verify` says of each, and that it can be made again.
@Suite struct SampleTests {
    static let samples = Slipway.packageRoot.appending(path: "firmware-samples")

    static let folders: [String] = {
        let entries = try? FileManager.default.contentsOfDirectory(atPath: samples.path)
        return (entries ?? []).filter {
            FileManager.default.fileExists(
                atPath: samples.appending(path: "\($0)/verify.args").path)
        }.sorted()
    }()

    @Test(arguments: folders)
    func isAnsweredAsTheTableSays(folder: String) throws {
        let slipway = try Slipway()
        let place = Self.samples.appending(path: folder)
        func line(_ name: String) throws -> String {
            try String(contentsOf: place.appending(path: name), encoding: .utf8)
                .trimmingCharacters(in: .newlines)
        }
        let arguments = try line("verify.args").split(separator: " ").map(String.init)

        let end = try slipway.run(["verify"] + arguments, in: place)

        #expect(end.code == (folder == "good" ? 0 : 1), "\(end.output)\(end.errors)")
        #expect(end.output.contains(try line("verify.expects")), "\(end.output)")
    }

    @Test func everyFolderHasARowAndEveryRowAFolder() throws {
        let readme = try String(
            contentsOf: Self.samples.appending(path: "README.md"), encoding: .utf8)
        let rows = readme.matches(of: /(?m)^\| `([\w-]+)` \|/).map { String($0.1) }.sorted()
        #expect(Self.folders.count == 8)
        #expect(rows == Self.folders)
    }

    @Test func isMadeAgainByteForByte() throws {
        let slipway = try Slipway()
        slipway.environment["SLIPWAY"] = Slipway.products.appending(path: "slipway").path
        let end = try slipway.run(
            Self.samples.appending(path: "generate"), [slipway.folder.path])
        try #require(end.code == 0, "\(end.errors)")

        let compare = try slipway.run(
            URL(filePath: "/usr/bin/diff"),
            [
                "-r", "--exclude=README.md", "--exclude=generate", Self.samples.path,
                slipway.folder.path,
            ])
        #expect(compare.code == 0, "\(compare.output)")
    }
}

import Foundation
import TestSupport
import Testing

/// An independent client of one repository: `slipway-tuf`, over HTTP, from the very first root.
///
/// One of its lives goes on all the time, another begins anew whenever it looks.
final class Witness {
    private let slipway: Slipway
    private let server: FolderServer
    private let home: String

    /// Begins to trust the first root of the repository in `folder`.
    init(_ slipway: Slipway, of folder: String = "acme") throws {
        self.slipway = slipway
        home = "witness-\(UUID().uuidString)"
        server = try FolderServer(slipway.place("\(folder)/repository"))
        try FileManager.default.createDirectory(
            at: slipway.place(home), withIntermediateDirectories: false)
        try slipway.copy(
            "\(folder)/repository/metadata/1.root.json", to: "\(home)/1.root.json")
        try begin("old")
    }

    private func begin(_ life: String) throws {
        for name in [life, "\(life)-targets"] {
            try? FileManager.default.removeItem(at: slipway.place("\(home)/\(name)"))
        }
        let end = try tuf(life, ["init", slipway.place("\(home)/1.root.json").path])
        try #require(end.code == 0, "\(end.errors)")
    }

    private func tuf(_ life: String, _ arguments: [String]) throws -> Slipway.End {
        try slipway.run(
            Slipway.products.appending(path: "slipway-tuf"),
            ["--metadata-dir", slipway.place("\(home)/\(life)").path] + arguments)
    }

    private func download(_ life: String, _ targets: [String]) throws -> Slipway.End {
        try tuf(
            life,
            targets.flatMap { ["--target-name", $0] } + [
                "--metadata-url", "\(server.url)/metadata", "--target-base-url",
                "\(server.url)/targets", "--target-dir",
                slipway.place("\(home)/\(life)-targets").path, "download",
            ])
    }

    private func refresh(_ life: String) throws -> Slipway.End {
        try tuf(life, ["--metadata-url", "\(server.url)/metadata", "refresh"])
    }

    /// Expects that both lives get these bytes, and that `slipway verify` agrees.
    func sees(
        _ contents: [String: String], at location: SourceLocation = #_sourceLocation
    ) throws {
        try begin("new")
        for life in ["old", "new"] {
            let fresh = try refresh(life)
            #expect(fresh.code == 0, "\(life): \(fresh.errors)", sourceLocation: location)
            guard !contents.isEmpty else { continue }
            let end = try download(life, contents.keys.sorted())
            #expect(end.code == 0, "\(life): \(end.errors)", sourceLocation: location)
            for (path, content) in contents {
                let name = path.replacing("/", with: "%2F").replacing(":", with: "%3A")
                let got = try? slipway.data("\(home)/\(life)-targets/\(name)")
                #expect(got == Data(content.utf8), "\(life): \(path)", sourceLocation: location)
            }
        }
        for content in contents.values {
            let image = try slipway.file("seen.img", content)
            let end = try slipway.run(["verify", image, "--repo", "acme"])
            #expect(end.code == 0, "\(end.output)\(end.errors)", sourceLocation: location)
        }
    }

    /// Expects that neither life gets the target.
    func misses(_ target: String, at location: SourceLocation = #_sourceLocation) throws {
        try begin("new")
        for life in ["old", "new"] {
            let end = try download(life, [target])
            #expect(end.code == 1, "\(life): \(target)", sourceLocation: location)
            #expect(
                end.errors.contains("no trusted role lists"), "\(end.errors)",
                sourceLocation: location)
        }
    }

    /// Downloads everything that the repository lists, from the first root on.
    ///
    /// - Returns: The targets; none when something was not to be trusted, or not there.
    func everything(at location: SourceLocation = #_sourceLocation) throws -> Set<String>? {
        try begin("new")
        let fresh = try refresh("new")
        #expect(fresh.code == 0, "\(fresh.errors)", sourceLocation: location)
        let shown = try tuf("new", ["show"]).output
        let targets = shown.matches(of: /target "([^"]+)",/).map { String($0.1) }
        guard fresh.code == 0 else { return nil }
        guard !targets.isEmpty else { return [] }
        let end = try download("new", targets)
        #expect(end.code == 0, "\(end.errors)", sourceLocation: location)
        return end.code == 0 ? Set(targets) : nil
    }
}

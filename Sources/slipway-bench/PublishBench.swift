internal import ArgumentParser
import Foundation
internal import OpenSSL

/// Publishing a large image into a folder, beside hashing and copying it.
struct PublishBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish an image into a folder, beside `openssl dgst` and `cp` on the same file."
    )

    @Option(help: "The image's size.") var mebibytes = 1024
    @Option(help: "The folder to work in; needs room for three images.") var folder: String?
    @Option(help: "The slipway program; by default the one beside this.") var slipway: String?
    @OptionGroup var options: BenchOptions

    func run() throws {
        let place = (folder.map { URL(filePath: $0) } ?? FileManager.default.temporaryDirectory)
            .appending(path: "slipway-bench-\(UUID())")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        let image = place.appending(path: "image.img").path
        try makeImage(image)
        let slipway = slipway ?? Self.beside
        let home = place.appending(path: "acme").path
        _ = try Program.run(slipway, ["repo", "init", home, "--json"])

        let hash = try Program.run("/usr/bin/openssl", ["dgst", "-sha256", image])
        let copy = place.appending(path: "copy.img").path
        // Durable, as a published image is.
        let copied = try Program.run(
            "/bin/sh", ["-c", "cp \"$0\" \"$1\" && sync \"$1\"", image, copy])
        try FileManager.default.removeItem(atPath: copy)
        let published = try Program.run(
            slipway,
            [
                "release", "publish", image, "--name", "bench", "--version", "1", "--hardware",
                "gw-2", "--repo", home, "--json",
            ])
        var figures = Figures("publish")
        figures.set("image_mib", to: mebibytes)
        figures.set("seconds", to: published.seconds)
        figures.set("peak_rss_mib", to: published.peakMiB)
        figures.set("openssl_dgst_seconds", to: hash.seconds)
        figures.set("copy_seconds", to: copied.seconds)
        figures.set("times_dgst_and_copy", to: published.seconds / (hash.seconds + copied.seconds))
        figures.tell()
    }

    private static var beside: String {
        URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "slipway").path
    }

    /// Bytes that no file system can leave out or share.
    private func makeImage(_ path: String) throws {
        try Data().write(to: URL(filePath: path))
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        defer { try? handle.close() }
        for _ in 0..<mebibytes {
            try handle.write(contentsOf: Data(SecureRandom.bytes(1_048_576)))
        }
        try handle.synchronize()
    }
}

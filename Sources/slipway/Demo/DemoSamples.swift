import Foundation

/// The images of `firmware-samples` that the story is told with.
struct DemoSamples {
    /// One image and what it is published as.
    struct Sample {
        let image: URL
        let version: String

        var release: String { "\(DemoSamples.product) \(version)" }
    }

    static let product = "acme-gateway"

    let factory: Sample
    let good: Sample
    let better: Sample
    /// Its health program says no.
    let bad: Sample

    init(folder: URL) throws(DemoError) {
        func sample(_ version: String) throws(DemoError) -> Sample {
            let image = folder.appending(path: "images/\(Self.product)-\(version)-gw-2.img")
            guard FileManager.default.fileExists(atPath: image.path) else {
                throw .missing(image.path)
            }
            return Sample(image: image, version: version)
        }
        factory = try sample("1.0.0")
        good = try sample("2.0.0")
        better = try sample("2.1.0")
        bad = try sample("2.2.0")
    }

    /// Makes a healthy image of `byteCount` bytes that no compression makes small.
    static func makeLarge(at file: URL, version: String, byteCount: Int) throws -> Sample {
        let program = """
            #!/bin/sh
            # Slipway sample firmware: \(product) \(version) for gw-2, made on the spot
            echo healthy
            exit 0

            """
        try Data(program.utf8).write(to: file)
        let output = try FileHandle(forWritingTo: file)
        defer { try? output.close() }
        try output.seekToEnd()
        let noise = try FileHandle(forReadingFrom: URL(filePath: "/dev/urandom"))
        defer { try? noise.close() }
        var left = byteCount - program.utf8.count
        while left > 0, let piece = try noise.read(upToCount: min(left, 1_048_576)) {
            try output.write(contentsOf: piece)
            left -= piece.count
        }
        return Sample(image: file, version: version)
    }
}

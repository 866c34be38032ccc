import Foundation

/// Where a benchmark works: a folder that goes with it, or one that its caller keeps.
struct BenchFolder {
    let url: URL
    private let isKept: Bool

    init(_ path: String?) throws {
        isKept = path != nil
        url =
            path.map { URL(filePath: $0).absoluteURL }
            ?? FileManager.default.temporaryDirectory.appending(path: "slipway-bench-\(UUID())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    func close() {
        if !isKept { try? FileManager.default.removeItem(at: url) }
    }
}

import Foundation
internal import Telemetry

/// How large the server's files are, and how much room there is for them.
struct DiskFigures: Sendable {
    let database: URL
    let folder: URL
    let repository: URL

    private static let size = MetricDescription(
        "slipway_store_file_bytes", .gauge,
        "Sizes of the database's files: itself and its log of newest changes.", labels: ["file"])
    private static let free = MetricDescription(
        "slipway_disk_free_bytes", .gauge, "Room on the disk of a folder.", labels: ["folder"])
    private static let whole = MetricDescription(
        "slipway_disk_size_bytes", .gauge, "The whole disk of a folder.", labels: ["folder"])

    var families: [MetricFamily] {
        let files = [("database", database.path), ("wal", "\(database.path)-wal")]
        let sizes = files.compactMap { name, path in
            attribute(.size, try? FileManager.default.attributesOfItem(atPath: path)).map {
                MetricFamily.Sample([name], .number($0))
            }
        }
        let disks = [("data", folder), ("repository", repository)].map { name, folder in
            (name, try? FileManager.default.attributesOfFileSystem(forPath: folder.path))
        }
        func samples(_ key: FileAttributeKey) -> [MetricFamily.Sample] {
            disks.compactMap { name, attributes in
                attribute(key, attributes).map { .init([name], .number($0)) }
            }
        }
        return [
            MetricFamily(Self.size, sizes), MetricFamily(Self.free, samples(.systemFreeSize)),
            MetricFamily(Self.whole, samples(.systemSize)),
        ]
    }

    private func attribute(
        _ key: FileAttributeKey, _ attributes: [FileAttributeKey: Any]?
    ) -> Double? {
        (attributes?[key] as? NSNumber)?.doubleValue
    }
}

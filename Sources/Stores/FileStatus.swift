internal import Foundation
internal import Model

/// What the file system says of a plain file.
struct FileStatus {
    /// In bytes.
    let length: Int64
    let modified: Instant

    /// Returns `nil` when there is no plain file.
    init?(_ file: URL) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
        guard let attributes, attributes[.type] as? FileAttributeType == .typeRegular,
            let length = attributes[.size] as? Int64,
            let modified = attributes[.modificationDate] as? Date
        else { return nil }
        self.length = length
        self.modified = Instant(
            secondsSinceEpoch: Int64(modified.timeIntervalSince1970.rounded(.down)))
    }
}

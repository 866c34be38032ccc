internal import Hummingbird
internal import Synchronization
internal import _NIOFileSystem

/// Reads images for many clients at once, each as fast as it takes them.
///
/// Nothing is read ahead, and all pieces that are in memory together stay below a budget: a few fast
/// clients get large pieces, which cost least, and thousands of slow ones get small ones.
final class ImageReading: Sendable {
    private let downloadCount = Mutex(0)

    private static let budgetBytes = 32 << 20
    private static let pieceBytes = 32 << 10...512 << 10

    /// The bytes in `range` of a file that has them.
    func body(path: String, range: ClosedRange<Int>) -> ResponseBody {
        ResponseBody(contentLength: range.count) { writer in
            self.downloadCount.withLock { $0 += 1 }
            defer { self.downloadCount.withLock { $0 -= 1 } }
            try await FileSystem.shared.withFileHandle(forReadingAt: FilePath(path)) { file in
                var next = range.lowerBound
                while next <= range.upperBound {
                    let piece = try await file.readChunk(
                        fromAbsoluteOffset: Int64(next),
                        length: .bytes(Int64(min(self.pieceBytes, range.upperBound - next + 1))))
                    guard piece.readableBytes > 0 else { throw Cut() }
                    try await writer.write(piece)
                    next += piece.readableBytes
                }
            }
            try await writer.finish(nil)
        }
    }

    /// How much is read at once while so many download.
    private var pieceBytes: Int {
        let fair = Self.budgetBytes / downloadCount.withLock { max(1, $0) }
        // Whole pages.
        return min(max(fair & ~4095, Self.pieceBytes.lowerBound), Self.pieceBytes.upperBound)
    }

    /// The file has become shorter while it was read: the connection ends before the promised length.
    private struct Cut: Error {}
}

internal import Hummingbird
internal import NIOCore
internal import Synchronization
internal import _NIOFileSystem

/// Reads images for many clients at once, each as fast as it takes them.
///
/// The next piece is read once the connection has taken the one before and has room for more, and
/// pieces share a budget: a few fast clients get large ones, which cost least, and thousands of slow
/// ones small ones. Each begins small, since many may begin at once.
final class ImageReading: Sendable {
    private let downloadCount = Mutex(0)

    private static let budgetBytes = 16 << 20
    private static let smallestPiece = 16 << 10
    private static let largestPiece = 512 << 10

    /// The bytes in `range` of a file that has them.
    ///
    /// - Parameter eventLoop: Of the connection that they go to.
    func body(
        path: String, range: ClosedRange<Int>, over eventLoop: any EventLoop
    ) -> ResponseBody {
        ResponseBody(contentLength: range.count) { writer in
            self.downloadCount.withLock { $0 += 1 }
            defer { self.downloadCount.withLock { $0 -= 1 } }
            try await FileSystem.shared.withFileHandle(forReadingAt: FilePath(path)) { file in
                var next = range.lowerBound
                var pieceBytes = Self.smallestPiece
                while next <= range.upperBound {
                    let piece = try await file.readChunk(
                        fromAbsoluteOffset: Int64(next),
                        length: .bytes(Int64(min(pieceBytes, range.upperBound - next + 1))))
                    guard piece.readableBytes > 0 else { throw Cut() }
                    try await writer.write(piece)
                    // Off the event loop, that only leaves the piece to it, which is far behind when
                    // many begin at once: until it has come to it, nobody knows whether there is room.
                    try await eventLoop.submit {}.get()
                    next += piece.readableBytes
                    pieceBytes = self.pieceBytes(after: pieceBytes)
                }
            }
            try await writer.finish(nil)
        }
    }

    /// How much is read next while so many download: twice as much as before, within a fair share.
    ///
    /// Always a power of two, which is what memory comes in.
    private func pieceBytes(after last: Int) -> Int {
        let fair = Self.budgetBytes / downloadCount.withLock { max(1, $0) }
        var bytes = min(2 * last, Self.largestPiece)
        while bytes > fair, bytes > Self.smallestPiece { bytes /= 2 }
        return bytes
    }

    /// The file has become shorter while it was read: the connection ends before the promised length.
    private struct Cut: Error {}
}

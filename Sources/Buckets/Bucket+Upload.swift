import Foundation
internal import Curl
internal import Model
internal import OpenSSL
internal import Trust

extension Bucket {
    /// The most that is sent in one request, in bytes.
    static let partBytes: Int64 = 67_108_864
    /// What S3 allows.
    private static let maximumPartCount: Int64 = 10_000

    /// Sends a file; memory does not grow with it.
    ///
    /// A long one goes in parts, and is there only when all of them are.
    func put(_ digest: Digest, from file: URL, partBytes: Int64 = partBytes) throws(BucketError) {
        let length: Int64
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
            length = attributes[.size] as? Int64 ?? 0
        } catch { throw .file(error.localizedDescription) }
        let path = address.path(of: digest)
        guard length > partBytes else {
            _ = try upload(FilePart(file: file, offset: 0, length: length), to: path)
            return
        }
        let begun = BucketAnswer(try send(.post, path, query: [("uploads", "")]).body)
        guard let id = begun.value("UploadId"), !id.isEmpty else {
            throw .unreadable("an upload without a name")
        }
        do {
            try putParts(of: file, length, to: path, id, partBytes)
        } catch {
            // What came is of no use; `gc` removes it where even this does not go through.
            _ = try? send(.delete, path, query: [("uploadId", id)])
            throw error
        }
    }

    private func putParts(
        of file: URL, _ length: Int64, to path: String, _ id: String, _ partBytes: Int64
    ) throws(BucketError) {
        let least = (length + Self.maximumPartCount - 1) / Self.maximumPartCount
        let size = max(partBytes, least)
        var tags: [String] = []
        for offset in stride(from: 0, to: length, by: Int64.Stride(size)) {
            let part = FilePart(file: file, offset: offset, length: min(size, length - offset))
            let answer = try upload(
                part, to: path,
                query: [("partNumber", "\(tags.count + 1)"), ("uploadId", id)])
            guard let tag = answer.header("etag"), !tag.contains("<") else {
                throw .unreadable("a part without a tag")
            }
            tags.append(tag)
        }
        let parts = tags.enumerated().map { number, tag in
            "<Part><PartNumber>\(number + 1)</PartNumber><ETag>\(tag)</ETag></Part>"
        }
        let body =
            "<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>"
        _ = try send(.post, path, query: [("uploadId", id)], body: Array(body.utf8))
    }
}

/// A stretch of a file.
struct FilePart {
    let file: URL
    let offset: Int64
    let length: Int64

    private static let pieceBytes = 262_144

    func reader() throws(BucketError) -> FilePartReader { try FilePartReader(self) }

    func digest() throws(BucketError) -> Digest {
        let reader = try reader()
        var stream = OpenSSLHashing().sha256Stream()
        while case let piece = reader.next(Self.pieceBytes), !piece.isEmpty {
            stream.update(piece)
        }
        return stream.finish()
    }
}

/// Reads a stretch of a file piece by piece; one that ends early ends the pieces.
final class FilePartReader {
    private let handle: FileHandle
    private var remaining: Int64

    init(_ part: FilePart) throws(BucketError) {
        do {
            handle = try FileHandle(forReadingFrom: part.file)
            try handle.seek(toOffset: UInt64(part.offset))
        } catch { throw .file(error.localizedDescription) }
        remaining = part.length
    }

    deinit { try? handle.close() }

    func next(_ maximum: Int) -> [UInt8] {
        let count = Int(min(Int64(maximum), remaining))
        guard count > 0, let data = try? handle.read(upToCount: count) else { return [] }
        remaining -= Int64(data.count)
        return Array(data)
    }
}

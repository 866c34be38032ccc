import Foundation
import Model
import OpenSSL
import Testing
import Trust

/// Files that are hashed, and copied on the way.
@Suite struct FileDigestTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "digest-\(UUID())")

    private func withFile<Result>(
        _ bytes: [UInt8], _ body: (FileHandle) throws -> Result
    ) throws -> Result {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "file")
        try Data(bytes).write(to: file)
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        return try body(handle)
    }

    /// Around the length of the pieces that are read.
    @Test(arguments: [0, 1, 262_143, 262_144, 262_145, 700_001])
    func hashesAndCopiesEveryByte(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        try withFile(bytes) { file in
            let place = folder.appending(path: "copy")
            try Data().write(to: place)
            let copy = try FileHandle(forWritingTo: place)
            let digest = try FileDigest(
                of: file.fileDescriptor, copyingTo: copy.fileDescriptor)
            try copy.close()
            #expect(digest.sha256 == OpenSSLHashing().sha256(bytes))
            #expect(digest.length == Int64(count))
            #expect(try Data(contentsOf: place) == Data(bytes))

            try file.seek(toOffset: 0)
            #expect(try FileDigest(of: file.fileDescriptor) == digest)
        }
    }

    @Test func saysWhenTheDiskIsFull() throws {
        let full = try FileHandle(forWritingTo: URL(filePath: "/dev/full"))
        defer { try? full.close() }
        try withFile([1]) { file in
            let error = #expect(throws: FileDigestError.self) {
                try FileDigest(of: file.fileDescriptor, copyingTo: full.fileDescriptor)
            }
            #expect(error == .cannotWrite(errno: ENOSPC))
            #expect(error?.description == "cannot be written: No space left on device")
        }
    }

    @Test func saysWhyAFileCannotBeRead() throws {
        let folder = try FileHandle(forReadingFrom: URL(filePath: "/"))
        defer { try? folder.close() }
        let error = #expect(throws: FileDigestError.self) {
            try FileDigest(of: folder.fileDescriptor)
        }
        #expect(error == .cannotRead(errno: EISDIR))
        #expect(error?.description == "cannot be read: Is a directory")
    }
}

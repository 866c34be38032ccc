import Foundation
import Model
import Orchestrator
import Stores
import TestSupport
import Testing

/// The repository's folder after a process that did not end in order.
@Suite struct RepositoryDirectoryTests {
    @Test func removesWhatNobodyCanGoOnWithOnceItIsOld() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["metadata", "staging"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: name), withIntermediateDirectories: true)
        }
        try Data("{}".utf8).write(to: folder.appending(path: "metadata/1.root.json"))
        let digest = must(Digest(bytes: Array(repeating: 7, count: 32)))
        let staging = folder.appending(path: "staging")
        let names = ["old.part", "new.part", "\(digest)", "\(digest)-9.upload"]
        for name in names {
            let file = staging.appending(path: name)
            try Data("bytes".utf8).write(to: file)
            let date = Date(timeIntervalSince1970: name.hasPrefix("new") ? 2000 : 1000)
            try FileManager.default.setAttributes(
                [.modificationDate: date], ofItemAtPath: file.path)
        }
        let files = try RepositoryDirectory(folder: folder)
        let moment = Instant(secondsSinceEpoch: 1500)

        #expect(try files.removeFragments(before: moment, isTrial: true) == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: staging.path).count == 4)
        #expect(try files.removeFragments(before: moment, isTrial: false) == 1)

        let left = try FileManager.default.contentsOfDirectory(atPath: staging.path)
        #expect(Set(left) == Set(names.dropFirst()))
        #expect(try files.stagedLength(of: digest) == 5)
        let uploads = try files.uploads()
        #expect(uploads.map(\.id) == [UploadID(sha256: digest, length: 9)])
    }
}

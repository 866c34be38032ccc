import Foundation
import Model
import Orchestrator
import Stores
import TestSupport
import Testing

/// The repository's folder after a process that did not end in order.
@Suite struct RepositoryDirectoryTests {
    @Test func removesWhatAnEarlierProcessDidNotFinish() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["metadata", "staging"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: name), withIntermediateDirectories: true)
        }
        try Data("{}".utf8).write(to: folder.appending(path: "metadata/1.root.json"))
        let digest = must(Digest(bytes: Array(repeating: 7, count: 32)))
        for name in ["\(UUID()).part", "\(digest)"] {
            try Data("bytes".utf8).write(to: folder.appending(path: "staging/\(name)"))
        }

        let files = try RepositoryDirectory(folder: folder)

        let left = try FileManager.default.contentsOfDirectory(
            atPath: folder.appending(path: "staging").path)
        #expect(left == ["\(digest)"])
        #expect(try files.stagedLength(of: digest) == 5)
    }
}

import Foundation
import Testing

@testable import slipway_fuzz

/// The inputs that fuzzing found worth keeping, through the same targets without the fuzzer.
@Suite struct CorpusTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Corpus")

    @Test(arguments: FuzzTarget.allCases)
    func holdsWhateverTheBytesAre(target: FuzzTarget) throws {
        let files = try Corpus.files(under: [Self.folder.appending(path: target.rawValue)])
        #expect(!files.isEmpty)
        for file in files {
            let bytes = Array(try Data(contentsOf: file))
            #expect(throws: Never.self, "\(file.path)") { try target.run(bytes) }
        }
    }

    /// A folder that is no target's would be run by nobody.
    @Test func everyFolderIsATargets() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(Set(folders) == Set(FuzzTarget.allCases.map(\.rawValue)))
    }

    @Test func isSmallEnoughToCommit() throws {
        let bytes = try Corpus.files(under: [Self.folder]).reduce(0) {
            try $0 + ($1.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0)
        }
        #expect((1...300 * 1024).contains(bytes))
    }
}

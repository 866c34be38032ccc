import Foundation
import Testing

/// Private keys lie in `keys`, where they are marked, and nowhere else.
@Suite struct PrivateKeyTests {
    /// A key in PEM, of any type: its first line, and a line of the key itself.
    private static func holdsPrivateKey(_ text: String) -> Bool {
        text.contains(/-----BEGIN [A-Z ]*PRIVATE KEY-----\r?\n[A-Za-z0-9+\/=]{20,}/)
    }

    /// Every file of the tree but what builds and version control leave behind.
    static func files() throws -> [URL] {
        let root = Slipway.packageRoot
        var files: [URL] = []
        for entry in try FileManager.default.contentsOfDirectory(atPath: root.path)
        where !entry.hasPrefix(".build") && entry != ".git" {
            let place = root.appending(path: entry)
            let walk = FileManager.default.enumerator(at: place, includingPropertiesForKeys: nil)
            let below = walk?.compactMap { $0 as? URL } ?? []
            files += (below + [place]).filter {
                (try? $0.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true
            }
        }
        return files
    }

    @Test func noPrivateKeyLiesElsewhere() throws {
        let files = try Self.files()
        #expect(files.count > 150)
        let places = ["keys", "Tests/FuzzTests/Corpus"].map {
            Slipway.packageRoot.appending(path: $0).path + "/"
        }
        var found = 0
        for file in files {
            let data = try Data(contentsOf: file)
            guard Self.holdsPrivateKey(String(decoding: data, as: UTF8.self)) else { continue }
            found += 1
            #expect(places.contains { file.path.hasPrefix($0) }, "\(file.path)")
            #expect(data.starts(with: Data("TEST ONLY".utf8)), "\(file.path)")
        }
        #expect(found > 14)
    }
}

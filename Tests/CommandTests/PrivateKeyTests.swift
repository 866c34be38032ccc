import Foundation
import Testing

/// Private keys lie in `keys`, where they are marked, and nowhere else.
@Suite struct PrivateKeyTests {
    /// Split, so that this file does not hold what it looks for.
    static let mark = Data(("-----BEGIN " + "PRIVATE KEY-----").utf8)
    static let encryptedMark = Data(("-----BEGIN ENCRYPTED " + "PRIVATE KEY-----").utf8)

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
        let keys = Slipway.packageRoot.appending(path: "keys").path + "/"
        var found = 0
        for file in files {
            let data = try Data(contentsOf: file)
            guard data.range(of: Self.mark) != nil || data.range(of: Self.encryptedMark) != nil
            else { continue }
            found += 1
            #expect(file.path.hasPrefix(keys), "\(file.path)")
            #expect(data.starts(with: Data("TEST ONLY".utf8)), "\(file.path)")
        }
        #expect(found == 14)
    }
}

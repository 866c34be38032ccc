import Foundation
import Testing

/// Habits of the source text that a reader relies on.
@Suite struct TextTests {
    static let maximumLineCount = 500

    static func files() throws -> [SourceFile] {
        let files = try SourceFile.all(under: "Sources") + SourceFile.all(under: "Tests")
        #expect(files.count > 100)
        return files
    }

    @Test func nothingIsLeftForLater() throws {
        for file in try Self.files() where file.target != "TidyTests" {
            #expect(!file.text.contains(/TODO|FIXME|XXX/), "\(file.path)")
        }
    }

    @Test func noTestIsSwitchedOff() throws {
        for file in try SourceFile.all(under: "Tests") where file.target != "TidyTests" {
            #expect(!file.code.contains(/\.disabled\(|XCTSkip/), "\(file.path)")
        }
    }

    @Test func testsDoNotSleep() throws {
        for file in try SourceFile.all(under: "Tests") where file.target != "TidyTests" {
            #expect(
                !file.code.contains(/Task\.sleep|Thread\.sleep|\busleep\(|\bsleep\(/),
                "\(file.path)")
        }
    }

    @Test func filesStayReadable() throws {
        for file in try Self.files() {
            let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false).count
            #expect(lines <= Self.maximumLineCount, "\(file.path) has \(lines) lines")
        }
    }

    @Test func topLevelHoldsOnlyWhatIsArguedFor() throws {
        let allowed: Set = [
            "Package.swift", "Sources", "Tests", "keys", "firmware-samples", "README.md",
            "Makefile", "LICENSE", "packaging",
        ]
        let entries = try FileManager.default.contentsOfDirectory(
            atPath: SourceFile.packageRoot.path)
        let visible = Set(entries.filter { !$0.hasPrefix(".") && $0 != "Package.resolved" })
        #expect(visible == allowed)
    }

    @Test func everyDependencySaysWhyItIsThere() throws {
        let manifest = try SourceFile.text(of: "Package.swift")
        let readme = try SourceFile.text(of: "README.md")
        let names = manifest.matches(of: /url: "https:\/\/github\.com\/[\w.-]+\/([\w.-]+)"/)
            .map { String($0.1) }
        #expect(names.count >= 6)
        for name in names { #expect(readme.contains(name), "\(name) is not in the README") }
    }
}

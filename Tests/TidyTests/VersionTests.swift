import Foundation
import Testing

/// One version, wherever it is told.
@Suite struct VersionTests {
    @Test func theServerTellsTheVersionOfThePackages() throws {
        let changelog = try SourceFile.text(of: "packaging/debian/changelog")
        let version = try #require(changelog.firstMatch(of: /^slipway \(([^)]+)\)/)?.1)
        let file = try SourceFile.text(
            of: "Sources/slipway-server/Telemetry/ProgramVersion.swift")
        #expect(file.contains("static let text = \"\(version)\""))
    }
}

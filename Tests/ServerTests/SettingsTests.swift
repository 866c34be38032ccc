import ArgumentParser
import Foundation
import Server
import Testing

@testable import slipway_server

/// Settings come from the file, then the environment, then flags.
@Suite struct SettingsTests {
    @Test func theLaterSourceWins() throws {
        var settings = ServerSettings()
        try settings.take(file: Array(#"{"port": 1, "host": "h1", "data": "d1"}"#.utf8))
        try settings.take(environment: ["SLIPWAY_PORT": "2", "SLIPWAY_HOST": "h2"])
        try settings.set(.port, "3")

        #expect(settings.port == 3)
        #expect(settings.host == "h2")
        #expect(settings.data == "d1")
        #expect(settings.checkInSeconds == 300)
    }

    @Test func takesYesAndNoFromEverySource() throws {
        var settings = ServerSettings()
        #expect(!settings.sharedEnrolmentToken)
        try settings.take(file: Array(#"{"shared_enrolment_token": true}"#.utf8))
        #expect(settings.sharedEnrolmentToken)
        try settings.take(environment: ["SLIPWAY_SHARED_ENROLMENT_TOKEN": "false"])
        #expect(!settings.sharedEnrolmentToken)
        for text in ["yes", "", "1", "TRUE"] {
            #expect(throws: ServerSettings.Problem.self) {
                try settings.set(.sharedEnrolmentToken, text)
            }
        }
    }

    /// Words that one setting or another takes.
    private static let words = [
        "7", "64", "20000", "true", "optional", "forwarded", "json", "open", "0.5",
        "postgres://h/d", "10.0.0.0/8",
    ]

    @Test(arguments: ServerSettings.Key.allCases)
    func everySettingHasAVariableAndAFlag(key: ServerSettings.Key) throws {
        let flag = "--" + key.rawValue.replacing("_", with: "-")
        var tried = 0
        for word in Self.words {
            var expected = ServerSettings()
            guard (try? expected.set(key, word)) != nil, expected != ServerSettings() else {
                continue
            }
            tried += 1
            var fromEnvironment = ServerSettings()
            try fromEnvironment.take(environment: [key.variable: word])
            #expect(fromEnvironment == expected)
            let flags = key == .sharedEnrolmentToken ? [flag] : [flag, word]
            let command = try #require(try SlipwayServer.parseAsRoot(["serve"] + flags) as? Serve)
            #expect(try command.settings() == expected, "\(flags)")
        }
        #expect(tried > 0)
    }

    @Test func aFlagTakesBackWhatTheFileSays() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(#"{"shared_enrolment_token": true}"#.utf8).write(to: file)
        let begin = ["serve", "--config", file.path]
        let (trusting, doubting) = (
            try #require(try SlipwayServer.parseAsRoot(begin) as? Serve),
            try #require(
                try SlipwayServer.parseAsRoot(begin + ["--no-shared-enrolment-token"]) as? Serve)
        )
        #expect(try trusting.settings().sharedEnrolmentToken)
        #expect(try !doubting.settings().sharedEnrolmentToken)
    }

    @Test func thePageListsExactlyTheSettingsThatThereAre() throws {
        let page = try String(
            contentsOf: URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../README.md").standardizedFileURL, encoding: .utf8)
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
        let begin = try #require(lines.firstIndex { $0.hasPrefix("| `data` |") })
        let listed = lines[begin...].prefix { $0.hasPrefix("|") }.flatMap { line in
            (line.split(separator: "|").first ?? "").split(separator: ",").map {
                $0.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
            }
        }
        #expect(listed.sorted() == ServerSettings.Key.allCases.map(\.rawValue).sorted())
    }

    @Test(arguments: ["-1", "65536", "x", "", "1.5", "99999999999999999999"])
    func refusesAPortThatIsNone(text: String) {
        var settings = ServerSettings()
        #expect(throws: ServerSettings.Problem.self) { try settings.set(.port, text) }
    }

    @Test func namesADatabaseByItsAddress() throws {
        var settings = ServerSettings()
        #expect(settings.store == nil)
        try settings.take(environment: ["SLIPWAY_STORE": "postgres://db.example/slipway"])
        #expect(settings.store == "postgres://db.example/slipway")
    }

    /// It may hold a password.
    @Test func doesNotRepeatAnAddressThatIsNone() {
        var settings = ServerSettings()
        do {
            try settings.set(.store, "mysql://u:secret@h/db")
            Issue.record("it was taken")
        } catch { #expect(!"\(error)".contains("secret")) }
    }
}

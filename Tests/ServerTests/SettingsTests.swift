import Server
import Testing

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

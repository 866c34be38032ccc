import Foundation
import Testing

/// Rollout files and servers that are not as they should be.
@Suite struct RolloutCommandTests {
    static let good = """
        rollout: r
        release: acme 2.0.0
        devices: hardware == "gw-2"
        waves:
          - { name: canary, sample: 3, soak: 1s }
          - { name: fleet, percent: 100 }

        """

    struct BadFile: CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let says: [String]
    }

    static let badFiles: [BadFile] = [
        BadFile(
            testDescription: "an unknown key",
            text: good + "gaet: { max_failure_rate: 2% }\n", says: ["gaet", "gate"]),
        BadFile(
            testDescription: "an unknown key in a wave",
            text: good.replacing("soak: 1s", with: "soka: 1s"), says: ["waves[0]", "soka", "soak"]),
        BadFile(
            testDescription: "waves that shrink",
            text: good.replacing("sample: 3, soak: 1s", with: "percent: 50")
                .replacing("percent: 100", with: "percent: 20"), says: ["waves[1].percent"]),
        BadFile(
            testDescription: "a bad selector",
            text: good.replacing("hardware ==", with: "hardware ="),
            says: ["devices", "column 10"]),
        BadFile(
            testDescription: "not YAML", text: "rollout: [", says: ["not YAML"]),
        BadFile(
            testDescription: "a key twice", text: good + "rollout: s\n", says: ["rollout"]),
        BadFile(testDescription: "an empty file", text: "", says: ["empty"]),
        BadFile(
            testDescription: "a percentage above 100",
            text: good.replacing("percent: 100", with: "percent: 101"),
            says: ["waves[1].percent"]),
        BadFile(
            testDescription: "an action that there is not",
            text: good + "on_failure: reverse\n", says: ["on_failure", "pause or revert"]),
    ]

    @Test(arguments: badFiles)
    func saysWhereAFileIsWrong(bad: BadFile) throws {
        let slipway = try Slipway()
        let path = try slipway.file("rollout.yaml", bad.text)
        let end = try slipway.run(["rollout", "plan", path, "--server", "http://127.0.0.1:9"])

        #expect(end.code == 65, "\(end.errors)")
        #expect(end.errors.hasPrefix("slipway: \(path): "), "\(end.errors)")
        #expect(end.errors.split(separator: "\n").count == 1, "\(end.errors)")
        for words in bad.says { #expect(end.errors.contains(words), "\(end.errors)") }
    }

    /// Aliases multiply: nine levels of ten would be a thousand million values.
    @Test func refusesABombOfAliases() throws {
        let slipway = try Slipway()
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let alias = "*a\(level - 1)"
            text +=
                "a\(level): &a\(level) [\(Array(repeating: alias, count: 10).joined(separator: ", "))]\n"
        }
        let end = try slipway.run(["rollout", "plan", try slipway.file("bomb.yaml", text)])
        #expect(end.code == 65, "\(end.errors)")
    }

    @Test(arguments: [
        ["device", "list"], ["release", "list"], ["rollout", "list"], ["rollout", "show", "r"],
        ["rollout", "pause", "r"], ["device", "show", "d"], ["cohort", "list"],
        ["cohort", "save", "c", "all"], ["cohort", "show", "c"],
    ])
    func saysThatAServerDoesNotAnswer(command: [String]) throws {
        let slipway = try Slipway()
        let end = try slipway.run(command + ["--server", "http://127.0.0.1:9"])
        #expect(end.code == 69)
        #expect(end.errors.hasPrefix("slipway: cannot reach http://127.0.0.1:9"))
        #expect(end.output.isEmpty)
    }

    @Test func startsNothingWithoutAPlan() throws {
        let slipway = try Slipway()
        let path = try slipway.file("rollout.yaml", Self.good)
        #expect(try slipway.run(["rollout", "start", path]).code == 64)
        #expect(try slipway.run(["rollout", "start", path, "--plan", "abc"]).code == 64)
        #expect(try slipway.run(["rollout", "start", "nowhere.yaml", "--yes"]).code == 66)
        #expect(try slipway.run(["rollout", "fly"]).code == 64)
    }
}

import Foundation
import Testing

/// The program itself, as an operator at the device meets it.
@Suite struct AgentProgramTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Beside the test bundle, where the same build put it.
    static var program: String {
        get throws {
            var folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            for _ in 0..<6 {
                let program = folder.appending(path: "slipway-agent").path
                if FileManager.default.isExecutableFile(atPath: program) { return program }
                folder = folder.deletingLastPathComponent()
            }
            throw CocoaError(.fileNoSuchFile)
        }
    }

    private func agent(_ words: String...) throws -> (status: Int32, output: String, error: String)
    {
        try run([Self.program] + words)
    }

    private func configuration(_ changes: String = "{}") throws -> String {
        let path = folder.path
        let parsed = try JSONSerialization.jsonObject(with: Data(changes.utf8))
        let changes = try #require(parsed as? [String: Any])
        let standard: [String: Any] = [
            "server": "http://127.0.0.1:1", "device": "gw-0001", "hardware": "gw-2",
            "enrolment_token_file": "\(path)/token", "state": "\(path)/state",
            "root": "\(path)/root.json", "slots": ["a": "\(path)/a.img", "b": "\(path)/b.img"],
            "boot": path,
        ]
        let data = try JSONSerialization.data(withJSONObject: standard.merging(changes) { $1 })
        try folder.write(String(decoding: data, as: UTF8.self), to: "device.json")
        return "\(path)/device.json"
    }

    private func boot() throws {
        try folder.write("confirmed=a\n", to: "environment")
        try folder.write("slot=a\nboot_id=boot-1\n", to: "booted")
    }

    @Test func helpNamesCommandsAndExitCodes() throws {
        let end = try agent("--help")
        #expect(end.status == 0)
        for word in [
            "run", "status", "check-now", "install", "confirm", "rollback", "defer", "logs",
            "/etc/slipway/device.json", "64", "65", "73", "75", "77",
        ] {
            #expect(end.output.contains(word))
        }
        #expect(end.error.isEmpty)
    }

    @Test func wrongUsageShowsTheRightOne() throws {
        #expect(try agent().status == 64)
        #expect(try agent("status", "--konfig", configuration()).status == 64)
        for words in [
            ["status", "--config"], ["status", "now"], ["defer"], ["defer", "soon"],
            ["defer", "-5m"], ["defer", "9999999999d"], ["install"], ["install", "a", "b"],
            ["logs", "--lines", "0"], ["logs", "--lines"], ["run", "--lines", "5"],
        ] {
            #expect(try run([Self.program] + words).status == 64, "\(words)")
        }
        let end = try agent("dance", "--config", configuration())
        #expect(end.status == 64)
        #expect(end.output.isEmpty)
        #expect(end.error.hasPrefix("usage: slipway-agent COMMAND"))
    }

    @Test func wrongUsageIsToldBeforeAWrongFile() throws {
        #expect(try agent("dance", "--config", "/nowhere").status == 64)
    }

    @Test func aMissingConfigurationIsOneSentence() throws {
        let end = try agent("status", "--config", "/nowhere/device.json")
        #expect(end.status == 65)
        #expect(end.error == "slipway-agent: /nowhere/device.json: there is no such file\n")
    }

    struct Refused: CustomTestStringConvertible {
        /// Members of the configuration, in JSON.
        let changes: String
        let word: String
        var testDescription: String { changes }
    }

    static let refused: [Refused] = [
        Refused(changes: #"{"sever": "http://x"}"#, word: "sever"),
        Refused(changes: #"{"device": "a b"}"#, word: "device"),
        Refused(changes: #"{"slots": {"a": "/a"}}"#, word: "two slots in two places"),
        Refused(changes: #"{"slots": {"a": "/c", "b": "/c"}}"#, word: "two slots in two places"),
        Refused(changes: #"{"trial_deadline_seconds": 0}"#, word: "trial_deadline_seconds"),
        Refused(changes: #"{"attributes": {"Site": "x"}}"#, word: "Site"),
    ]

    @Test(arguments: refused)
    func aBadConfigurationIsOneSentence(refused: Refused) throws {
        let path = try configuration(refused.changes)
        let end = try agent("status", "--config", path)
        #expect(end.status == 65)
        #expect(end.error.hasPrefix("slipway-agent: \(path): "))
        #expect(end.error.contains(refused.word), "\(end.error)")
        #expect(end.error.split(separator: "\n").count == 1)
    }

    @Test func statusOfADeviceWithoutFilesNamesTheFile() throws {
        let end = try agent("status", "--config", configuration())
        #expect(end.status == 73)
        #expect(end.error == "slipway-agent: \(folder.path)/environment does not exist\n")
    }

    @Test func statusOfADamagedStateSaysSo() throws {
        try boot()
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/state", withIntermediateDirectories: false)
        try folder.write("{", to: "state/state.json")
        let end = try agent("status", "--config", configuration())
        #expect(end.status == 73)
        #expect(end.error.hasPrefix("slipway-agent: the stored state is damaged: "))
    }

    @Test func statusNeedsNoAgent() throws {
        try boot()
        let end = try agent("status", "--config", configuration())
        #expect(end.status == 0)
        #expect(end.output.contains("device     gw-0001 (gw-2)"))
        #expect(end.output.contains("booted     slot a, confirmed, boot boot-1"))
        #expect(end.output.contains("phase      idle"))
    }

    @Test func statusForProgramsIsJSON() throws {
        try boot()
        let end = try agent("status", "--json", "--config", configuration())
        let json = try JSONSerialization.jsonObject(with: Data(end.output.utf8))
        let object = try #require(json as? [String: Any])
        #expect(object["slot"] as? String == "a")
        #expect(object["confirmed"] as? Bool == true)
        #expect(object["phase"] as? String == "idle")
        #expect(object["release"] == nil)
    }

    @Test(arguments: [["check-now"], ["rollback"], ["defer", "1h"], ["install", "/a.slip"]])
    func withoutAnAgentAnOrderSaysSo(order: [String]) throws {
        let end = try run([Self.program] + order + ["--config", configuration()])
        #expect(end.status == 1)
        #expect(end.error == "slipway-agent: no agent runs for \(folder.path)/state\n")
    }

    @Test func theStandardConfigurationIsInEtc() throws {
        guard !FileManager.default.fileExists(atPath: "/etc/slipway/device.json") else {
            return withKnownIssue("this machine is a device: its own file is not tried") {
                Issue.record("there is a /etc/slipway/device.json")
            }
        }
        let end = try agent("status")
        #expect(end.status == 65)
        #expect(end.error.contains("/etc/slipway/device.json: there is no such file"))
    }

    @Test func logsWithoutAnAgentAreThoseOfTheFile() throws {
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/state", withIntermediateDirectories: false)
        try folder.write("one\ntwo\nthree\n", to: "state/log")
        let path = try configuration()
        #expect(try agent("logs", "--config", path).output == "one\ntwo\nthree\n")
        #expect(try agent("logs", "--lines", "1", "--config", path).output == "three\n")
    }

    @Test func nothingIsConfirmedOutsideATrial() throws {
        try boot()
        let end = try agent("confirm", "--config", configuration())
        #expect(end.status == 1)
        #expect(end.error.contains("no new image is on trial"))
        #expect(!folder.has("state/confirmed"))
    }

    /// Without an agent in reach, the file alone tells one that starts in this boot.
    @Test func confirmsForTheAgentThatComes() throws {
        try folder.write("confirmed=a\ntrial=b\ntries=0\n", to: "environment")
        try folder.write("slot=b\nboot_id=boot-2\n", to: "booted")
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/state", withIntermediateDirectories: false)
        #expect(try agent("confirm", "--config", configuration()).status == 0)
        #expect(try folder.text(of: "state/confirmed") == "boot-2\n")
    }

    @Test func anotherAgentDoesNotStart() throws {
        try boot()
        let path = try configuration()
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/state", withIntermediateDirectories: false)
        let lock = "\(folder.path)/state/lock"
        let end = try run(
            "/usr/bin/env", "flock", lock, Self.program, "run", "--config", path)
        #expect(end.status == 75)
        #expect(
            end.error == "slipway-agent: another agent works on this device: it holds \(lock)\n")
    }

    // MARK: A boot environment that cannot be read

    private func grub() throws -> String {
        try configuration(
            #"{"boot": {"type": "grub", "environment": "\#(folder.path)/grubenv"}}"#)
    }

    /// On a machine that did not boot from these slots, nobody knows which one to keep.
    @Test func aRepairNeedsASlotThatRuns() throws {
        try folder.write("not a block", to: "grubenv")
        let end = try agent("repair-boot", "--config", grub())
        #expect(end.status == 73)
        #expect(end.error.contains("/proc/cmdline"), "\(end.error)")
        #expect(try folder.text(of: "grubenv") == "not a block")
    }

    @Test func whatIsNotDamagedIsNotRepaired() throws {
        try boot()
        let end = try agent("repair-boot", "--config", configuration())
        #expect(end.status == 1)
        #expect(end.error.contains("nothing is to be repaired: slot a is confirmed"))
    }

    @Test func notEveryBootloaderCanBeRepaired() throws {
        let end = try agent("repair-boot", "--config", configuration())
        #expect(end.status == 1)
        #expect(end.error.contains("has no environment that could be written anew"))
    }
}

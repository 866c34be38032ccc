import Foundation
import Testing

/// What must hold when somebody else writes at the same time, or means harm.
@Suite struct HostileCommandTests {
    @Test func publishesForOneAtATime() throws {
        let slipway = try Slipway()
        try slipway.succeed("repo", "init", "acme")
        let image = try slipway.file("firmware.img", "firmware")
        let metadata = slipway.folder.appending(path: "acme/repository/metadata")
        let holder = try FileHandle(forReadingFrom: metadata)
        #expect(flock(holder.fileDescriptor, LOCK_EX | LOCK_NB) == 0)

        let refused = try slipway.publish(image)
        #expect(refused.code == 75, "\(refused.errors)")
        #expect(refused.errors.contains("somebody else is publishing"))

        try holder.close()
        #expect(try slipway.publish(image).code == 0)
    }

    @Test func putsTheSignedBytesInPlaceWhateverLiesThere() throws {
        let slipway = try Slipway()
        try slipway.succeed("repo", "init", "acme")
        let image = try slipway.file("firmware.img", "firmware 2")
        _ = try slipway.publish(image)
        let folder = slipway.folder.appending(path: "acme/repository/targets/acme/2.0.0")
        let name = try #require(
            FileManager.default.contentsOfDirectory(atPath: folder.path).first)
        // The same repository anew, with other bytes of the same length under that name.
        try FileManager.default.removeItem(
            at: slipway.folder.appending(path: "acme/repository/metadata"))
        try FileManager.default.moveItem(
            at: slipway.folder.appending(path: "acme/repository"),
            to: slipway.folder.appending(path: "planted"))
        try slipway.succeed("repo", "init", "acme")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data("firmware X".utf8).write(to: folder.appending(path: name))

        #expect(try slipway.publish(image).code == 0)

        #expect(try Data(contentsOf: folder.appending(path: name)) == Data("firmware 2".utf8))
    }

    @Test func foundsNothingOnARootKeyThatIsThereTwice() throws {
        let slipway = try Slipway()
        for folder in ["keys/offline", "keys/online"] {
            try FileManager.default.createDirectory(
                at: slipway.folder.appending(path: folder), withIntermediateDirectories: true)
        }
        try slipway.succeed("key", "generate", "keys/offline/root-1.pem")
        try FileManager.default.copyItem(
            at: slipway.folder.appending(path: "keys/offline/root-1.pem"),
            to: slipway.folder.appending(path: "keys/offline/root-2.pem"))

        let end = try slipway.run(["repo", "init", "acme", "--keys", "keys"])

        #expect(end.code == 65, "\(end.output)")
        let made = slipway.folder.appending(path: "acme/repository").path
        #expect(!FileManager.default.fileExists(atPath: made))
    }

    @Test func refusesABombOfAliasesInAKey() throws {
        let slipway = try Slipway()
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        text += "? *a9\n: 1\n"
        let end = try slipway.run(["rollout", "plan", try slipway.file("bomb.yaml", text)])
        #expect(end.code == 65, "\(end.errors)")
        #expect(end.errors.contains("aliases"))
    }

    @Test(arguments: ["yesterday", "-1", ""])
    func refusesATimeThatIsNone(epoch: String) throws {
        let slipway = try Slipway()
        slipway.environment["SOURCE_DATE_EPOCH"] = epoch
        let end = try slipway.run(["repo", "init", "acme"])
        #expect(end.code == 65, "\(end.output)")
        #expect(end.errors.contains("SOURCE_DATE_EPOCH"))
    }

    @Test func writesNoControlCharactersToATerminal() throws {
        let slipway = try Slipway()
        let end = try slipway.run(["rollout", "plan", "\u{1B}[2Jnowhere.yaml"])
        #expect(end.code == 66)
        #expect(!end.errors.contains("\u{1B}"))
    }
}

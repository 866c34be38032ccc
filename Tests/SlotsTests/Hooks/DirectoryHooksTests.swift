import Agent
import Foundation
import Slots
import Testing

@Suite struct DirectoryHooksTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.setPermissions(0o755, of: ".")
    }

    private func run(
        _ hook: Hook, timeout: Duration = .seconds(20), facts: [String: String] = [:]
    ) -> HookVerdict {
        DirectoryHooks(folder: folder.path, timeout: timeout).run(hook, facts: facts)
    }

    private var log: String { "\(folder.path)/log" }

    @Test func aDeviceWithoutHooksIsDone() {
        #expect(run(.preDownload) == .done)
        let none = DirectoryHooks(folder: "/nowhere/hooks.d", timeout: .seconds(1))
        #expect(none.run(.preDownload, facts: [:]) == .done)
    }

    @Test(arguments: Hook.allCases) func runsTheHookByItsName(hook: Hook) throws {
        for each in Hook.allCases { try folder.script("echo $0 >>\(log)", to: each.rawValue) }
        #expect(run(hook) == .done)
        #expect(try folder.text(of: "log") == "\(folder.path)/\(hook.rawValue)\n")
    }

    @Test func runsTheProgramsOfAFolderInTheirOrder() throws {
        for name in ["pre-reboot.d/20-b", "pre-reboot", "pre-reboot.d/10-z", "pre-reboot.d/3"] {
            try folder.script("echo \(name) >>\(log)", to: name)
        }
        try folder.write("how to write hooks", to: "pre-reboot.d/README")
        try folder.script("exit 1", to: "pre-reboot.d/.hidden")
        #expect(run(.preReboot) == .done)
        #expect(
            try folder.text(of: "log")
                == "pre-reboot\npre-reboot.d/10-z\npre-reboot.d/20-b\npre-reboot.d/3\n")
    }

    @Test func theFirstThatIsNotDoneEndsIt() throws {
        try folder.script("exit 0", to: "pre-install.d/1")
        try folder.script("echo pump runs; exit 75", to: "pre-install.d/2")
        try folder.script("echo 3 >>\(log); exit 1", to: "pre-install.d/3")
        #expect(run(.preInstall) == .notNow("pump runs"))
        #expect(!folder.has("log"))
    }

    @Test func isToldOfTheUpdateAndOfNothingElse() throws {
        setenv("SLIPWAY_SECRET_OF_THE_AGENT", "1", 1)
        try folder.script("/usr/bin/env | /usr/bin/sort >\(log)", to: "failed")
        #expect(
            run(
                .failed,
                facts: [
                    "release": "acme 2.0", "slot": "b", "sha256": "00ff",
                    "failure": "two words\nand a line",
                ]) == .done)
        let lines = Set(try folder.text(of: "log").split(separator: "\n").map(String.init))
        // The shell adds some of its own.
        let shells = Set(["PWD=\(FileManager.default.currentDirectoryPath)", "OLDPWD=", "SHLVL=0"])
        #expect(
            lines.subtracting(shells).filter { !$0.hasPrefix("_=") && !$0.hasPrefix("SHLVL=") }
                == Set([
                    "LANG=C", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    "SLIPWAY_RELEASE=acme 2.0", "SLIPWAY_SLOT=b", "SLIPWAY_SHA256=00ff",
                    "SLIPWAY_FAILURE=two words", "and a line",
                ]))
    }

    @Test func saysWhatCameOfIt() throws {
        let path = try folder.script("echo no room >&2; exit 3", to: "pre-download")
        #expect(run(.preDownload) == .failed("\(path) exited with 3: no room"))
        try folder.script("exit 75", to: "pre-download")
        #expect(run(.preDownload) == .notNow("\(path) says not now"))
        try folder.script("kill -9 $$", to: "pre-download")
        #expect(run(.preDownload) == .failed("\(path) was killed by signal 9"))
    }

    /// The fifo ends for its reader when its last writer, the grandchild, does.
    @Test(.timeLimit(.minutes(1))) func aHookThatNeverReturnsIsKilledWithItsChildren() throws {
        let fifo = "\(folder.path)/alive"
        #expect(try SlotsTests.run("/usr/bin/env", "mkfifo", fifo).status == 0)
        let both = try #require(FileHandle(forUpdatingAtPath: fifo))
        let reader = try #require(FileHandle(forReadingAtPath: fifo))
        let path = try folder.script(
            "echo waiting for the pump; (exec 3>\(fifo); echo up >&3; exec sleep 600) & wait",
            to: "pre-reboot")
        #expect(
            run(.preReboot, timeout: .seconds(2))
                == .failed(
                    "\(path) did not end within 2 s and was killed: waiting for the pump"))
        try both.close()
        #expect(try reader.readToEnd() == Data("up\n".utf8))
    }

    @Test(arguments: [0o777, 0o775]) func aFolderThatOthersCanChangeIsRefused(mode: Int) throws {
        try folder.script("echo ran >>\(log)", to: "pre-install")
        try folder.setPermissions(mode, of: ".")
        defer { try? folder.setPermissions(0o755, of: ".") }
        guard case .failed(let reason) = run(.preInstall) else {
            Issue.record("anybody may put a hook there")
            return
        }
        #expect(reason.contains("others could change it (its mode is 0\(String(mode, radix: 8)))"))
        #expect(!folder.has("log"))
    }

    @Test func aProgramThatOthersCanChangeIsRefused() throws {
        try folder.script("echo ran >>\(log)", to: "pre-install", permissions: 0o757)
        guard case .failed = run(.preInstall) else {
            Issue.record("anybody may change the hook")
            return
        }
        try FileManager.default.removeItem(atPath: "\(folder.path)/pre-install")
        try folder.script("echo ran >>\(log)", to: "pre-install.d/1", permissions: 0o757)
        guard case .failed = run(.preInstall) else {
            Issue.record("anybody may change the hook")
            return
        }
        try folder.setPermissions(0o755, of: "pre-install.d/1")
        try folder.setPermissions(0o777, of: "pre-install.d")
        guard case .failed = run(.preInstall) else {
            Issue.record("anybody may put a hook there")
            return
        }
        #expect(!folder.has("log"))
    }

    @Test func aHookThatCannotBeRunIsNotTakenForNone() throws {
        let path = try folder.script("exit 0", to: "pre-install", permissions: 0o644)
        #expect(
            run(.preInstall) == .failed("\(path) is malformed: it is not an executable file"))
    }
}

import Agent
import AgentSupport
import Foundation
import Model
import SimulatedDisk
import Slots
import Testing

/// The environment block beside GRUB's own tool and GRUB's own script.
@Suite struct GrubEnvironmentTests {
    private let folder: TemporaryFolder
    private let kernel = CrashingDisk()
    private var path: String { "\(folder.path)/grubenv" }

    init() throws {
        folder = try TemporaryFolder()
        Machine.start("a", on: kernel)
    }

    /// The environment is a real file; what the kernel says is ours to choose.
    private func bootloader(prefix: String = "") throws -> GrubEnvironment {
        GrubEnvironment(path: path, prefix: prefix, booted: try Machine.booted(on: kernel))
    }

    private func editenv(_ words: String...) throws -> String {
        let end = try runTool(["/usr/bin/env", "grub-editenv", path] + words)
        #expect(end.status == 0, "\(end.error)")
        return end.output
    }

    private func bytes() throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    @Test func gRUBsToolReadsWhatWeWrite() throws {
        _ = try editenv("create")
        _ = try editenv("set", "good=a", "saved_entry=one\\two", "lines=one\ntwo")
        let others = "saved_entry=one\\two\nlines=one\ntwo\n"
        try bootloader().arm(slot("b"))
        #expect(try editenv("list") == "good=a\ntry=b\ntries_left=1\n\(others)")
        try bootloader().disarm()
        #expect(try editenv("list") == "good=a\ntry=\ntries_left=0\n\(others)")
        try bootloader().confirm(slot("b"))
        #expect(try editenv("list") == "good=b\ntry=\ntries_left=0\n\(others)")
        #expect(try bytes().count == 1024)
    }

    @Test func weReadWhatGRUBsToolWrites() throws {
        _ = try editenv("create")
        _ = try editenv("set", "x_good=b", "x_try=a", "x_tries_left=3", "good=nonsense")
        let status = try bootloader(prefix: "x_").status()
        #expect(status.confirmed.text == "b")
        #expect(status.trial == .armed(try slot("a")))
        _ = try editenv("set", "x_tries_left=0")
        #expect(try bootloader(prefix: "x_").status().trial == .spent(slot("a")))
        _ = try editenv("unset", "x_try")
        #expect(try bootloader(prefix: "x_").status().trial == .none)
    }

    @Test func theFileStaysTheSameFile() throws {
        _ = try editenv("create")
        _ = try editenv("set", "good=a")
        let before = try FileManager.default.attributesOfItem(atPath: path)
        try bootloader().arm(slot("b"))
        try bootloader().confirm(slot("b"))
        let after = try FileManager.default.attributesOfItem(atPath: path)
        #expect(before[.systemFileNumber] as? Int == after[.systemFileNumber] as? Int)
        #expect(try folder.names == ["grubenv"])
    }

    /// Variables of others that fill the second sector stay where they are, byte for byte.
    @Test func onlyTheFirstSectorChanges() throws {
        _ = try editenv("create")
        _ = try editenv("set", "good=a", "try=", "tries_left=0")
        try bootloader().repair(confirming: slot("a"))
        _ = try editenv("set", "long=" + String(repeating: "x", count: 600), "last=1")
        let before = try bytes()[512...]
        try bootloader().arm(slot("b"))
        #expect(try bytes()[512...] == before)
        _ = try editenv("set", "tries_left=0")
        try bootloader().confirm(slot("b"))
        #expect(try bytes()[512...] == before)
        #expect(try editenv("list").hasSuffix("xx\nlast=1\n"))
    }

    @Test func refusesToMoveOthersOverTheSectorsEnd() throws {
        _ = try editenv("create")
        _ = try editenv("set", "long=" + String(repeating: "x", count: 600), "good=a")
        let before = try bytes()
        let error = #expect(throws: SlotError.self) { try bootloader().arm(slot("b")) }
        #expect("\(try #require(error))".contains("other variables behind its first 512 bytes"))
        #expect(try bytes() == before)
        try bootloader().repair(confirming: slot("a"))
        try bootloader().arm(slot("b"))
        let list = try editenv("list")
        #expect(list.hasPrefix("good=a\ntry=b\ntries_left=1\nlong=xxx"))
    }

    @Test func refusesABlockWithoutRoom() throws {
        _ = try editenv("create")
        _ = try editenv("set", "good=a", "long=" + String(repeating: "x", count: 890))
        #expect(throws: SlotError.self) { try bootloader().arm(slot("b")) }
        let comments = String(repeating: "# " + String(repeating: "c", count: 97) + "\n", count: 5)
        try Data(GrubModel.block(comments + "good=a\n")).write(to: URL(filePath: path))
        let error = #expect(throws: SlotError.self) { try bootloader().arm(slot("b")) }
        #expect("\(try #require(error))".contains("behind the first 512 bytes"))
    }

    // MARK: Damage

    static let damaged: [(name: String, bytes: [UInt8], problem: String)] = [
        ("empty", [], "it has 0 bytes instead of 1024"),
        ("short", Array(GrubModel.block("good=a\n").dropLast()), "it has 1023 bytes"),
        ("long", GrubModel.block("good=a\n") + [35], "it has 1025 bytes"),
        ("zero", Array(repeating: 0, count: 1024), "does not begin as a GRUB environment"),
        ("no good", GrubModel.block("try=b\ntries_left=1\n"), "good is \"\" and not one of"),
        ("other good", GrubModel.block("good=c\n"), "good is \"c\" and not one of the slots a, b"),
        ("twice", GrubModel.block("good=a\ngood=b\n"), "good is there twice"),
        ("no equals", GrubModel.block("good=a\nnonsense\n"), "is not name=value"),
        ("no name", GrubModel.block("good=a\n=x\n"), "is not name=value"),
        ("no end", GrubModel.block("good=a\nx=y"), "its last line has no end"),
        ("escaped end", GrubModel.block("good=a\nx=y\\\n"), "its last line has no end"),
        ("torn fill", GrubModel.block("good=a\n#").dropLast(2) + [0, 0], "has no end"),
    ]

    @Test(arguments: damaged.indices)
    func damageIsToldAndRepairedOnRequest(index: Int) throws {
        let (_, damage, problem) = Self.damaged[index]
        try Data(damage).write(to: URL(filePath: path))
        for call in [
            { try bootloader().arm(slot("b")) }, { try bootloader().confirm(slot("b")) },
            { try bootloader().disarm() }, { _ = try bootloader().status() },
        ] {
            let error = #expect(throws: SlotError.self) { try call() }
            let text = "\(try #require(error))"
            #expect(text.contains(problem), "\(text)")
            #expect(text.hasSuffix("it must be repaired"), "\(text)")
        }
        #expect(try bytes() == damage)
        try bootloader().repair(confirming: slot("b"))
        #expect(try bootloader().status().confirmed.text == "b")
        #expect(try editenv("list").hasPrefix("good=b\ntry=\ntries_left=0\n"))
    }

    @Test func aMissingFileIsNamedAndMadeOnRequest() throws {
        #expect(throws: SlotError.missing(path: path)) { try bootloader().status() }
        #expect(throws: SlotError.missing(path: path)) { try bootloader().arm(slot("b")) }
        try bootloader().repair(confirming: slot("a"))
        #expect(try bootloader().status().confirmed.text == "a")
    }

    /// The loader takes these for no trial, and so do we.
    @Test(arguments: [
        "try=c\ntries_left=1\n", "try=b\n", "try=b\ntries_left=8\n",
        "try=b\ntries_left=01\n", "try=b\ntries_left=\n", "try=\ntries_left=1\n",
    ])
    func whatTheLoaderDoesNotKnowIsNoTrial(lines: String) throws {
        try Data(GrubModel.block("good=a\n" + lines)).write(to: URL(filePath: path))
        #expect(try bootloader().status().trial == .none)
        #expect(try GrubScript(path).boot() == "a")
        try bootloader().arm(slot("b"))
        #expect(try bootloader().status().trial == .armed(slot("b")))
        #expect(try GrubScript(path).boot() == "b")
    }

    @Test func randomBytesAreATypedError() throws {
        var random = SeededNumbers(seed: 7)
        for _ in 0..<300 {
            var block = GrubModel.block("good=a\ntry=b\ntries_left=1\nother=value\n")
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                let place = Int.random(in: 0..<120, using: &random)
                block[place] = UInt8.random(in: 0...255, using: &random)
            }
            kernel.put("/grubenv", block)
            let bootloader = GrubEnvironment(
                path: "/grubenv", booted: try Machine.booted(on: kernel), on: kernel)
            do {
                let status = try bootloader.status()
                // Where it can be read, it can be written, and says then what was asked for.
                guard (try? bootloader.arm(slot("b"))) != nil else { continue }
                #expect(try bootloader.status().confirmed == status.confirmed)
                #expect(try bootloader.status().trial == .armed(slot("b")))
            } catch { #expect(error is SlotError) }
        }
    }

    // MARK: GRUB's own script

    @Test func theScriptTriesOnceAndGoesBack() throws {
        _ = try editenv("create")
        _ = try editenv("set", "good=a")
        #expect(try GrubScript(path).boot() == "a")
        try bootloader().arm(slot("b"))
        #expect(try GrubScript(path).boot() == "b")
        #expect(try bootloader().status().trial == .spent(slot("b")))
        #expect(try GrubScript(path).boot() == "a")
        try bootloader().confirm(slot("b"))
        #expect(try GrubScript(path).boot() == "b")
        #expect(try GrubScript(path).boot() == "b")
    }

    @Test func theScriptDoesNotTryWhatItCannotCount() throws {
        _ = try editenv("create")
        _ = try editenv("set", "good=a")
        try bootloader().arm(slot("b"))
        #expect(try GrubScript(path).boot(canSave: false) == "a")
        #expect(try bootloader().status().trial == .armed(slot("b")))
    }

    @Test func gRUBAcceptsTheScript() throws {
        #expect(try run("/usr/bin/env", "grub-script-check", GrubScript.source).status == 0)
    }
}

/// `packaging/grub/grub.cfg`, played by a shell whose words of GRUB's own are stand-ins; the
/// environment goes through GRUB's own tool.
struct GrubScript {
    static let source = packageRoot.appending(path: "packaging/grub/grub.cfg").path
    private let environment: String

    init(_ environment: String) { self.environment = environment }

    private static let words = #"""
        set() { printf -v "${1%%=*}" %s "${1#*=}"; }
        load_env() {
            for name; do
                line=$(grub-editenv "$ENV" list | grep "^$name=") && set "$line"
            done
        }
        save_env() { [ -n "$SAVES" ] && grub-editenv "$ENV" set "$1=${!1}"; }
        linux() { echo "booted $*"; exit 0; }
        """#

    /// The slot that the kernel is told.
    func boot(canSave: Bool = true) throws -> String {
        let script = try String(contentsOfFile: Self.source, encoding: .utf8)
        let end = try runTool([
            "/usr/bin/env", "ENV=\(environment)", "SAVES=\(canSave ? "1" : "")", "bash", "-c",
            "\(Self.words)\n\(script)",
        ])
        let match = try #require(
            end.output.firstMatch(of: /booted .* slipway\.slot=(\w+)/), "\(end.output)\(end.error)")
        return String(match.1)
    }
}

import Foundation
import Testing

/// What the Debian packages are made from; `make test-deb` tries the packages themselves.
@Suite struct PackagingTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let packageRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ name: String) throws -> String {
        let file = packageRoot.appending(path: "packaging/debian/\(name)")
        return try String(contentsOf: file, encoding: .utf8)
    }

    /// In the line of the example that nobody can overlook.
    private static let reminder = "remove_this_line_when_the_others_are_right"

    private func status(_ configuration: String) throws -> (status: Int32, error: String) {
        try folder.write(configuration, to: "device.json")
        let end = try run(
            AgentProgramTests.program, "status", "--config", "\(folder.path)/device.json")
        return (end.status, end.error)
    }

    @Test func theExampleIsRefusedBeforeItIsEdited() throws {
        let end = try status(try Self.text("device.json"))
        #expect(end.status == 65)
        #expect(end.error.contains(Self.reminder))
    }

    @Test func theRestOfTheExampleIsAConfiguration() throws {
        let example = try Self.text("device.json")
        let lines = example.split(separator: "\n")
        let edited = lines.filter { !$0.contains(Self.reminder) }
        #expect(edited.count == lines.count - 1)
        // The example's bootloader is not this machine's, which is another kind of error.
        #expect([0, 73].contains(try status(edited.joined(separator: "\n")).status))
    }

    /// Exposure by systemd's own count, in tenths: what the agent keeps is argued for in its unit.
    @Test(arguments: [("slipway-agent", 45), ("slipway-server", 15)])
    func systemdTakesTheUnit(name: String, exposure: Int) throws {
        let unit = try Self.text("\(name).service")
        // systemd looks for the program, which is not installed here.
        let program = "ExecStart=/usr/bin/\(name)"
        #expect(unit.contains(program))
        try folder.write(
            unit.replacing(program, with: "ExecStart=/bin/true"), to: "\(name).service")
        let path = "\(folder.path)/\(name).service"

        let verdict = try run("/usr/bin/systemd-analyze", "verify", "--man=no", path)
        #expect(verdict.status == 0, "\(verdict.error)")
        #expect(verdict.error.isEmpty, "\(verdict.error)")
        let security = try run(
            "/usr/bin/systemd-analyze", "security", "--no-pager", "--offline=true",
            "--threshold=\(exposure)", path)
        #expect(security.status == 0, "\(security.output)")
    }

    @Test(arguments: [".ci", "packaging", "packaging/debian"])
    func shellcheckHasNoComplaint(folder: String) throws {
        let url = Self.packageRoot.appending(path: folder)
        let scripts = try FileManager.default.contentsOfDirectory(atPath: url.path)
            .map { url.appending(path: $0).path }
            .filter { path in
                let start = FileManager.default.contents(atPath: path)?.prefix(40) ?? Data()
                return String(decoding: start, as: UTF8.self).contains(/^#!.*\b(?:ba)?sh\n/)
            }
        #expect(!scripts.isEmpty)
        for script in scripts.sorted() {
            let end = try run(
                "/usr/bin/shellcheck", "--external-sources",
                "--source-path=\(Self.packageRoot.path)", script)
            #expect(end.status == 0, "\(end.output)\(end.error)")
        }
    }
}

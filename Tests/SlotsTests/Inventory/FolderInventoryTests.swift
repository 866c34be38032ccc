import Agent
import Foundation
import Model
import Slots
import Testing

@Suite struct FolderInventoryTests {
    private let folder: TemporaryFolder
    private let clock = HandClock()
    private let notes = Notes()

    private final class Notes { var texts: [String] = [] }

    init() throws {
        folder = try TemporaryFolder()
        try folder.setPermissions(0o755, of: ".")
    }

    private func inventory(
        fixed: [String: String] = [:], _ change: (inout FolderInventory.Limits) -> Void = { _ in }
    ) throws -> FolderInventory {
        var limits = FolderInventory.Limits()
        change(&limits)
        let notes = notes
        return FolderInventory(
            folder: folder.path, fixed: try Attributes(fixed), interval: .seconds(3600),
            limits: limits, clock: clock, note: { notes.texts.append($0) })
    }

    private func values(
        fixed: [String: String] = [:], _ change: (inout FolderInventory.Limits) -> Void = { _ in }
    ) throws -> [String: String]? {
        try inventory(fixed: fixed, change).attributes()?.values
    }

    @Test func aDeviceWithoutAFolderHasWhatItIsConfiguredWith() throws {
        let inventory = FolderInventory(
            folder: "/nowhere", fixed: try Attributes(["site": "berlin"]), interval: .seconds(1),
            clock: clock, note: { Issue.record("\($0)") })
        #expect(inventory.attributes()?.values == ["site": "berlin"])
    }

    @Test func filesAndProgramsTellAttributes() throws {
        try folder.write("# the modem\nmodem=ec25\n\n  \nnote=a = b\n", to: "modem.attributes")
        try folder.script("echo kernel=6.1; echo noise >&2", to: "10-kernel")
        try folder.write("secret=1\n", to: "README")
        try folder.script("echo hidden=1", to: ".hidden")
        #expect(try values() == ["modem": "ec25", "note": "a = b", "kernel": "6.1"])
        #expect(notes.texts == [])
    }

    @Test func theConfigurationWinsAndThenTheFirst() throws {
        try folder.write("site=paris\nboard=a\n", to: "1.attributes")
        try folder.write("board=b\nboard=c\n", to: "2.attributes")
        #expect(try values(fixed: ["site": "berlin"]) == ["site": "berlin", "board": "a"])
    }

    @Test func whatIsNoAttributeIsPassedOverWithANote() throws {
        try folder.write(
            "good=1\nBad=2\nnothing\n=3\nlong=\(String(repeating: "x", count: 257))\n\u{7}=4\n",
            to: "a.attributes")
        #expect(try values() == ["good": "1"])
        #expect(notes.texts.count == 5)
        #expect(
            notes.texts.first
                == "\(folder.path)/a.attributes: \"Bad=2\" is no attribute; it is passed over")
        #expect(notes.texts.allSatisfy { $0.utf8.count < 300 })
    }

    @Test func programsRunOnceInAnInterval() throws {
        try folder.script("echo x >>\(folder.path)/.count; echo a=1", to: "count")
        let inventory = try inventory()
        for _ in 0..<3 { #expect(inventory.attributes()?["a"] == "1") }
        clock.pass(.seconds(3599))
        _ = inventory.attributes()
        #expect(try folder.text(of: ".count") == "x\n")
        clock.pass(.seconds(1))
        _ = inventory.attributes()
        #expect(try folder.text(of: ".count") == "x\nx\n")
    }

    @Test(.timeLimit(.minutes(1))) func aProgramThatFailsTakesNothingAway() throws {
        try folder.script("echo a=1", to: "a")
        try folder.script("echo b=1", to: "b")
        let inventory = try inventory { $0.oneProgram = .milliseconds(500) }
        #expect(inventory.attributes()?.values == ["a": "1", "b": "1"])
        try folder.script("echo a=2; exit 1", to: "a")
        try folder.script("echo b=2; exec sleep 600", to: "b")
        clock.pass(.seconds(3600))
        #expect(inventory.attributes()?.values == ["a": "1", "b": "1"])
        #expect(notes.texts.count == 2)
        #expect(notes.texts.last?.contains("did not end in time") == true)
        // What is removed is gone.
        try FileManager.default.removeItem(atPath: "\(folder.path)/a")
        try FileManager.default.removeItem(atPath: "\(folder.path)/b")
        clock.pass(.seconds(3600))
        #expect(inventory.attributes()?.values == [:])
    }

    @Test func programsThatTakeTooLongTogetherAreLeftOut() throws {
        try folder.script("echo a=1", to: "a")
        #expect(try values { $0.allPrograms = .zero } == [:])
        #expect(notes.texts.first?.contains("took all of the time") == true)
    }

    @Test func nobodyCanFillACheckIn() throws {
        let many = (0..<300).map { "a\($0)=x\n" }.joined()
        try folder.write(many, to: "many.attributes")
        #expect(try values(fixed: ["site": "berlin"])?.count == Attributes.maximumCount)
        #expect(notes.texts.count == 1)
        let large = (0..<100).map { "a\($0)=\(String(repeating: "x", count: 250))\n" }.joined()
        try folder.write(large, to: "many.attributes")
        let values = try #require(try values { $0.fileBytes = 100_000 })
        #expect(values.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count } <= 16_384)
        #expect(values.count > 50)
        try folder.script("yes a=1", to: "endless")
        try FileManager.default.removeItem(atPath: "\(folder.path)/many.attributes")
        #expect(try self.values { $0.oneProgram = .milliseconds(200) } == [:])
    }

    @Test func aFolderThatOthersCanChangeIsNotRead() throws {
        try folder.write("site=paris\n", to: "a.attributes")
        try folder.setPermissions(0o777, of: ".")
        defer { try? folder.setPermissions(0o755, of: ".") }
        #expect(try values(fixed: ["board": "a"]) == ["board": "a"])
        #expect(notes.texts.count == 1)
        #expect(notes.texts.first?.contains("others could change it") == true)
    }

    @Test func aFileThatOthersCanChangeIsNotRead() throws {
        try folder.write("a=1\n", to: "a.attributes")
        try folder.write("b=1\n", to: "b.attributes")
        try folder.setPermissions(0o666, of: "a.attributes")
        #expect(try values() == ["b": "1"])
        #expect(notes.texts.count == 1)
    }
}
